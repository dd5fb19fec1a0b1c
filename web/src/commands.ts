// What changes something: commands to a breaker, acknowledging, silencing; and the token that they may need.
import { signal } from "@preact/signals";
import type { Problem } from "./remote";

export type Command = "reset" | "force-open" | "force-close" | "disable" | "metrics-only";

const storageKey = "switchgear.admin-token";

/// Set while the token dialog is open: what to call with the token, or with null when the operator gives up.
export const tokenRequest = signal<{ refused: boolean; answer: (token: string | null) => void } | null>(null);

function askForToken(refused: boolean): Promise<string | null> {
  return new Promise((resolve) => {
    tokenRequest.value = {
      refused,
      answer: (token) => {
        tokenRequest.value = null;
        resolve(token);
      },
    };
  });
}

/// Sends a request that an operator makes: the answer, or a message that says what went wrong.
async function command(path: string, body?: object): Promise<Response | string> {
  for (let attempt = 0; ; attempt++) {
    const token = sessionStorage.getItem(storageKey);
    const headers = new Headers();
    if (token) headers.set("Authorization", `Bearer ${token}`);
    if (body) headers.set("Content-Type", "application/json");
    let response: Response;
    try {
      response = await fetch(path, { method: "POST", headers, body: body ? JSON.stringify(body) : null });
    } catch {
      return "The server cannot be reached.";
    }
    if (response.ok) return response;
    if (response.status !== 401) {
      const problem = (await response.json().catch(() => ({}))) as Problem;
      return problem.detail ?? `The server answered ${response.status}.`;
    }
    sessionStorage.removeItem(storageKey);
    const given = await askForToken(token !== null || attempt > 0);
    if (given === null) return "This needs the admin token.";
    sessionStorage.setItem(storageKey, given);
  }
}

/// Changes something; null when it was done, else a message that says what went wrong.
export async function post(path: string, body?: object): Promise<string | null> {
  const answer = await command(path, body);
  return typeof answer === "string" ? answer : null;
}

/// The text that a command answers with.
export async function postForText(path: string): Promise<{ text: string } | { problem: string }> {
  const answer = await command(path);
  if (typeof answer === "string") return { problem: answer };
  return answer.text().then(
    (text) => ({ text }),
    () => ({ problem: "The connection was lost." }),
  );
}

export const send = (name: string, command: Command) => post(`circuit-breakers/${encodeURIComponent(name)}/${command}`);

/// To the breaker of one value; `value` is percent-encoded.
export const sendToValue = (name: string, value: string, command: Command) =>
  post(`circuit-breakers/${encodeURIComponent(name)}/by-value/${command}?value=${value}`);
