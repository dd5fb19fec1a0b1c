// A minute of calls, failures and rejections per second, drawn by hand: a table shows forty of them, each redrawn every second.
import { effect } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { rate } from "../format";
import { second } from "../live/clock";
import { indexOf, type Past } from "../live/past";
import { palette, scheme } from "./palette";

/// Seconds shown.
const length = 60;

function largest(ring: Float32Array): number {
  let most = 0;
  for (let i = 0; i < length; i++) {
    const value = ring[indexOf(i, length)]!;
    if (value > most) most = value;
  }
  return most;
}

/// The stretches in which the page was connected, as their first and last seconds.
function stretches(ring: Float32Array): [first: number, last: number][] {
  const found: [number, number][] = [];
  for (let i = 0, connected = false; i < length; i++) {
    const before = connected;
    connected = !Number.isNaN(ring[indexOf(i, length)]!);
    if (!connected) continue;
    if (before) found.at(-1)![1] = i;
    else found.push([i, i]);
  }
  return found;
}

function draw(canvas: HTMLCanvasElement, past: Past, labelled: boolean) {
  const ratio = devicePixelRatio;
  const width = canvas.clientWidth;
  const height = canvas.clientHeight;
  if (width === 0) return;
  if (canvas.width !== Math.round(width * ratio)) {
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
  }
  const context = canvas.getContext("2d")!;
  const colours = palette();
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  const most = Math.max(largest(past.calls), largest(past.failures), largest(past.rejected));
  const top = Math.max(1, most);
  const above = labelled ? 17 : 3;
  const x = (i: number) => 1 + (i / (length - 1)) * (width - 2);
  const y = (value: number) => above + (1 - value / top) * (height - above - 3);
  context.lineWidth = 1;
  context.strokeStyle = colours.line;
  for (const at of labelled ? [top, top / 2, 0] : [0]) {
    context.beginPath();
    context.moveTo(0, Math.round(y(at)) + 0.5);
    context.lineTo(width, Math.round(y(at)) + 0.5);
    context.stroke();
  }
  if (labelled) {
    context.fillStyle = colours.quiet;
    context.font = "11px system-ui, sans-serif";
    context.textBaseline = "top";
    context.fillText(`${rate(top)}/s`, 1, 1);
  }
  context.lineJoin = "round";
  context.lineWidth = labelled ? 2 : 1.5;
  const trace = (ring: Float32Array, [first, last]: [number, number]) => {
    context.beginPath();
    for (let i = first; i <= last; i++) context.lineTo(x(i), y(ring[indexOf(i, length)]!));
    context.stroke();
  };
  const all = stretches(past.calls);
  context.strokeStyle = colours.calls;
  context.fillStyle = colours.callsFill;
  for (const each of all) {
    trace(past.calls, each);
    context.lineTo(x(each[1]), y(0));
    context.lineTo(x(each[0]), y(0));
    context.fill();
  }
  // A line that never left zero says nothing and hides the one below it.
  for (const [ring, colour, dash] of [
    [past.rejected, colours.rejected, labelled ? [2, 3] : []],
    [past.failures, colours.failures, []],
  ] as const) {
    if (largest(ring) === 0) continue;
    context.strokeStyle = colour;
    context.setLineDash([...dash]);
    for (const each of all) trace(ring, each);
  }
  context.setLineDash([]);
}

export function Sparkline({ past, labelled = false }: { past: Past; labelled?: boolean }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(
    () =>
      effect(() => {
        second.value;
        scheme.value;
        if (canvas.current) draw(canvas.current, past, labelled);
      }),
    [past, labelled],
  );
  return <canvas class={labelled ? "spark" : "spark small"} ref={canvas} aria-hidden="true" />;
}
