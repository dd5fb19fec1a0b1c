// A breaker's contact, drawn as an electrician would: the shape alone tells the state.
import type { State } from "../api";

/// The blade's end, seen from the left terminal at (9, 16).
const blade: Record<State, [number, number]> = {
  closed: [23, 16],
  open: [20, 5.5],
  half_open: [22.2, 10.5],
  forced_open: [20, 5.5],
  disabled: [23, 16],
};

export function Glyph({ state, size = 44 }: { state: State; size?: number }) {
  const [x, y] = blade[state];
  return (
    <svg class="glyph" viewBox="0 0 32 32" width={size} height={size} aria-hidden="true" fill="none"
      stroke="currentColor" stroke-width="2.4" stroke-linecap="round">
      {state === "disabled" ? (
        <>
          <path d="M2 16h7M23 16h7" />
          <path d="M9 16c2-9 12-9 14 0" stroke-dasharray="2.6 3.6" />
          <path d="m12 20 8 6m0-6-8 6" stroke-width="2" />
        </>
      ) : (
        <>
          <path d="M2 16h7M23 16h7" />
          <path d={`M9 16 ${x} ${y}`} />
          {state === "half_open" && <path d="M23.6 12.4c-.6-3-2.2-5.6-4.6-7.2" stroke-width="1.8" stroke-dasharray="1.4 3.4" />}
          {state === "forced_open" && (
            <>
              <rect x="11.5" y="21" width="9" height="7" rx="1.6" stroke-width="2" />
              <path d="M13.7 21v-1.6a2.3 2.3 0 0 1 4.6 0V21" stroke-width="2" />
            </>
          )}
        </>
      )}
      <circle cx="9" cy="16" r="2.2" fill="currentColor" stroke="none" />
      <circle cx="23" cy="16" r="2.2" fill="currentColor" stroke="none" />
    </svg>
  );
}
