// A minute of calls, failures and rejections per second.
import { effect } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { rate } from "./format";
import { historyLength, second, type History } from "./model";

const height = 86;
const xs = Array.from({ length: historyLength }, (_, i) => i - historyLength + 1);
const dark = matchMedia("(prefers-color-scheme: dark)");

function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function options(width: number): uPlot.Options {
  const ratio = devicePixelRatio;
  return {
    width,
    height,
    legend: { show: false },
    cursor: { show: false },
    select: { show: false, left: 0, top: 0, width: 0, height: 0 },
    padding: [17, 2, 4, 2],
    scales: {
      x: { time: false, range: [-historyLength + 1, 0] },
      y: { range: (_, __, max) => [0, Math.max(1, max ?? 0)] },
    },
    axes: [
      { show: false },
      { show: true, size: 0, gap: 0, ticks: { show: false }, values: () => [], splits: (_, __, ___, max) => [0, max / 2, max],
        grid: { stroke: colour("--line"), width: 1 / ratio } },
    ],
    hooks: {
      draw: [
        ({ ctx, scales, bbox }) => {
          const top = scales.y?.max ?? 0;
          ctx.save();
          ctx.fillStyle = colour("--quiet");
          ctx.font = `${11 * ratio}px system-ui, sans-serif`;
          ctx.textAlign = "left";
          ctx.textBaseline = "top";
          ctx.fillText(`${rate(top)}/s`, bbox.left, bbox.top - 14 * ratio);
          ctx.restore();
        },
      ],
    },
    series: [
      {},
      { stroke: colour("--calls"), fill: colour("--calls-fill"), width: 2, points: { show: false } },
      { stroke: colour("--rejected"), width: 2, dash: [2, 3], points: { show: false } },
      { stroke: colour("--failures"), width: 2, points: { show: false } },
    ],
  };
}

/// A line that never left zero says nothing and hides the one below it.
function unlessFlat(series: (number | null)[]): (number | null)[] {
  return series.some((value) => value) ? series : series.map(() => null);
}

export function Sparkline({ history }: { history: History }) {
  const host = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = host.current;
    if (!element) return;
    const data = (): uPlot.AlignedData => [xs, history.calls, unlessFlat(history.rejected), unlessFlat(history.failures)];
    let plot = new uPlot(options(Math.max(40, element.clientWidth)), data(), element);
    const restyle = () => {
      plot.destroy();
      plot = new uPlot(options(Math.max(40, element.clientWidth)), data(), element);
    };
    const resize = new ResizeObserver(() => plot.setSize({ width: Math.max(40, element.clientWidth), height }));
    resize.observe(element);
    dark.addEventListener("change", restyle);
    const stop = effect(() => {
      second.value;
      plot.setData(data());
    });
    return () => {
      stop();
      resize.disconnect();
      dark.removeEventListener("change", restyle);
      plot.destroy();
    };
  }, [history]);
  return <div class="spark" ref={host} aria-hidden="true" />;
}
