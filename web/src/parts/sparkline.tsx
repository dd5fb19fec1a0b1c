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

function trace(context: CanvasRenderingContext2D, ring: Float32Array, x: (i: number) => number, y: (v: number) => number) {
  context.beginPath();
  let pen = false;
  let first = 0;
  let last = 0;
  for (let i = 0; i < length; i++) {
    const value = ring[indexOf(i, length)]!;
    if (Number.isNaN(value)) {
      pen = false;
      continue;
    }
    if (pen) context.lineTo(x(i), y(value));
    else context.moveTo(x((first = i)), y(value));
    pen = true;
    last = i;
  }
  return { first, last };
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
  const { first, last } = trace(context, past.calls, x, y);
  context.strokeStyle = colours.calls;
  context.stroke();
  context.lineTo(x(last), y(0));
  context.lineTo(x(first), y(0));
  context.fillStyle = colours.callsFill;
  context.fill();
  // A line that never left zero says nothing and hides the one below it.
  for (const [ring, colour, dash] of [
    [past.rejected, colours.rejected, labelled ? [2, 3] : []],
    [past.failures, colours.failures, []],
  ] as const) {
    if (largest(ring) === 0) continue;
    trace(context, ring, x, y);
    context.strokeStyle = colour;
    context.setLineDash([...dash]);
    context.stroke();
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
