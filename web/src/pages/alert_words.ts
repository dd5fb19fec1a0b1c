// The alerts that the program knows, asked for on every page: the navigation says how many are firing.
import { signal } from "@preact/signals";

export const firing = signal(0);
