// The options of a breaker's policy, by their names in the configuration.
import type { Policy } from "../api";
import { percent, seconds } from "../format";

/// Options that are lengths of time, and those that are ratios; the others are counts, factors or words.
const lengths = new Set([
  "duration", "open_duration", "max_open_duration", "threshold", "above", "older_than", "probe_interval", "max_wait",
  "long_above", "short_below", "longest", "shortest", "calm", "step",
]);
const ratios = new Set(["failure_rate", "rate", "max_failure_rate", "quantile", "from", "strict_above", "lax_below", "failure_rate_confidence", "escalate_above"]);

function written(key: string, value: unknown): string {
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value !== "number") return String(value);
  if (lengths.has(key)) return seconds(value);
  return ratios.has(key) ? percent(value) : String(value);
}

/// Where the file has another name for it.
const named = (path: string) => path.replace(/^ramp\.controller\./, "ramp.").replace(/^failure_rate_confidence$/, "failure_rate.confidence");

/// Nested options by their path, as `half_open.permitted_calls`; what is not set is left out.
function flat(options: object, before = ""): [string, string][] {
  return Object.entries(options).flatMap(([key, value]): [string, string][] => {
    if (value === null || value === undefined) return [];
    if (typeof value === "object") return flat(value as object, `${before}${key}.`);
    return [[named(before + key), written(key, value)]];
  });
}

export function Options({ policy }: { policy: Policy }) {
  return (
    <dl class="pairs names">
      {flat(policy).map(([key, value]) => (
        <div key={key}>
          <dt>
            <code>{key}</code>
          </dt>
          <dd class="num">{value}</dd>
        </div>
      ))}
    </dl>
  );
}
