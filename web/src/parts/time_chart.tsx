// Lines over a span of time, the state as bands behind them and its changes as marks. Several charts share their cursor.
import { signal, useSignal, type Signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import type { State, Transition } from "../api";
import { instant } from "../format";
import { palette, scheme, type Palette } from "./palette";

export interface Line {
  label: string;
  colour: keyof Palette;
  fill?: keyof Palette;
  dash?: number[];
  /// Null: a gap. Undefined: the point is another line's.
  values: (number | null | undefined)[];
}

/// A time in which the state was one and the same, in seconds since 1970.
export interface Stretch {
  state: State;
  from: number;
  to: number;
}

interface Props {
  title: string;
  /// Seconds since 1970, one for each value of a line.
  times: number[];
  from: number;
  to: number;
  lines: Line[];
  /// Oldest first; what lies in none of them was not recorded, and is left blank.
  stretches: Stretch[];
  /// Oldest first.
  marks: Mark[];
  written: (value: number) => string;
  onZoom?: (from: number, to: number) => void;
  /// Of the values that are shown; from 0 to the largest if it is left out.
  range?: [number, number];
  /// Fills the space between the first two lines.
  between?: keyof Palette;
}

export type Mark = Pick<Transition, "at" | "from" | "to">;

/// The transition that is pointed at in the list below the charts.
export const pointed = signal<Mark | null>(null);

const height = 170;
const sync = uPlot.sync("charts");

const at = (mark: Mark) => Date.parse(mark.at) / 1000;
/// A state that needs no colour: the calls go through as they should.
const calm = (state: State) => state === "closed" || state === "disabled";

function drawBands(plot: uPlot, { stretches, from, to }: Props) {
  const { ctx, bbox } = plot;
  const x = (time: number) => plot.valToPos(Math.min(to, Math.max(from, time)), "x", true);
  ctx.save();
  ctx.globalAlpha = 0.1;
  for (const each of stretches) {
    if (calm(each.state) || each.to < from || each.from > to) continue;
    const left = x(each.from);
    ctx.fillStyle = palette()[each.state];
    ctx.fillRect(left, bbox.top, Math.max(1, x(each.to) - left), bbox.height);
  }
  ctx.restore();
}

function drawMarks(plot: uPlot, { marks, from, to }: Props) {
  const { ctx, bbox } = plot;
  const ratio = devicePixelRatio;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left - 6 * ratio, 0, bbox.width + 12 * ratio, bbox.top + bbox.height);
  ctx.clip();
  for (const mark of marks) {
    if (at(mark) < from || at(mark) > to) continue;
    const strong = pointed.peek()?.at === mark.at && pointed.peek()?.to === mark.to;
    const x = plot.valToPos(at(mark), "x", true);
    ctx.strokeStyle = ctx.fillStyle = palette()[mark.to];
    ctx.lineWidth = (strong ? 3 : 1) * ratio;
    ctx.setLineDash(strong ? [] : [3 * ratio, 3 * ratio]);
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    const size = (strong ? 6 : 4) * ratio;
    ctx.beginPath();
    ctx.moveTo(x - size, bbox.top - size * 1.4);
    ctx.lineTo(x + size, bbox.top - size * 1.4);
    ctx.lineTo(x, bbox.top);
    ctx.fill();
  }
  ctx.restore();
}

/// No finer than what lies between two of them.
function tick(at: number, apart: number): string {
  const date = new Date(at * 1000);
  if (apart >= 86400) return date.toLocaleDateString(undefined, { month: "short", day: "numeric" });
  return date.toLocaleTimeString(undefined, {
    hour: "2-digit", minute: "2-digit", hour12: false, ...(apart < 60 && { second: "2-digit" }),
  });
}

function options(width: number, props: () => Props, cursor: Signal<number | null>): uPlot.Options {
  const colours = palette();
  const axis = { stroke: colours.quiet, font: "11px system-ui, sans-serif", grid: { stroke: colours.line, width: 1 }, ticks: { show: false } };
  return {
    width,
    height,
    padding: [14, 8, 0, 0],
    legend: { show: false },
    cursor: { sync: { key: sync.key }, drag: { x: Boolean(props().onZoom), y: false, setScale: false }, points: { size: 6 } },
    scales: {
      x: { time: true, range: () => [props().from, props().to] },
      y: { range: (_, __, max) => props().range ?? [0, max && max > 0 ? max * 1.08 : 1] },
    },
    axes: [{ ...axis, size: 28, space: 80, values: (_, splits, __, ___, apart) => splits.map((each) => tick(each, apart)) }, { ...axis, size: 58, gap: 4, space: 34, values: (_, splits) => splits.map((each) => props().written(each)) }],
    series: [
      {},
      ...props().lines.map((line): uPlot.Series => ({
        label: line.label,
        stroke: colours[line.colour],
        width: 2,
        points: { show: false },
        ...(line.fill && { fill: colours[line.fill] }),
        ...(line.dash && { dash: line.dash }),
      })),
    ],
    ...(props().between && { bands: [{ series: [1, 2], fill: colours[props().between!] }] }),
    hooks: {
      drawClear: [(plot) => drawBands(plot, props())],
      draw: [(plot) => drawMarks(plot, props())],
      setCursor: [(plot) => void (cursor.value = plot.cursor.idx ?? null)],
      setSelect: [
        (plot) => {
          const { left, width: chosen } = plot.select;
          if (chosen < 8) return;
          const [begin, end] = [plot.posToVal(left, "x"), plot.posToVal(left + chosen, "x")];
          plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
          props().onZoom?.(begin, end);
        },
      ],
    },
  };
}

const most = (line: Line) => line.values.reduce<number>((top, value) => Math.max(top, value ?? 0), 0);

/// A line's value at a point; at a point of another line, the one before.
export function valueAt({ values }: Line, point: number): number | null {
  while (point > 0 && values[point] === undefined) point--;
  return values[point] ?? null;
}

/// What a reader who does not see the chart is told of it.
function described({ title, lines, from, to, written }: Props): string {
  const each = lines.map((line) => `${line.label} at most ${written(most(line))}`).join(", ");
  return `${title}, ${instant(from * 1000)} to ${instant(to * 1000)}: ${each}.`;
}

export function TimeChart(props: Props) {
  const host = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const latest = useRef(props);
  latest.current = props;
  const cursor = useSignal<number | null>(null);
  const coloured = scheme.value;
  const data = (): uPlot.AlignedData => [latest.current.times, ...latest.current.lines.map((line) => line.values)];

  useEffect(() => {
    const element = host.current!;
    const width = () => Math.max(60, element.clientWidth);
    const made = (plot.current = new uPlot(options(width(), () => latest.current, cursor), data(), element));
    const resize = new ResizeObserver(() => made.setSize({ width: width(), height }));
    resize.observe(element);
    const unmark = pointed.subscribe(() => made.redraw(false));
    return () => {
      unmark();
      resize.disconnect();
      made.destroy();
    };
  }, [coloured, props.lines.length]);
  useEffect(() => plot.current?.setData(data()), [props.times, props.lines, props.stretches, props.marks, props.from, props.to]);

  const under = cursor.value;
  const when = under === null ? undefined : props.times[under];
  return (
    <figure class="chart">
      <figcaption>
        <h3>{props.title}</h3>
        <ul class="legend">
          {props.lines.map((line) => {
            const value = under === null ? undefined : valueAt(line, under);
            return (
              <li key={line.label}>
                <i class={line.dash ? "key dashed" : "key"} data-colour={line.colour} aria-hidden="true" /> {line.label}
                {value != null && <b class="num"> {props.written(value)}</b>}
              </li>
            );
          })}
          {when !== undefined && <li class="num when">{instant(when * 1000)}</li>}
        </ul>
      </figcaption>
      <div ref={host} role="img" aria-label={described(props)} />
    </figure>
  );
}
