// Every known change of a breaker's state with the evidence for it, newest first.
import type { Transition } from "../api";
import { count, instant, percent, words } from "../format";
import { PlainTable } from "./plain_table";
import { Ago, Move, Why } from "./said";
import { pointed } from "./time_chart";

function Window({ seen }: { seen: Transition["window"] }) {
  if (!seen || seen.calls === 0) return <>–</>;
  return (
    <>
      {count(seen.failures)} of {count(seen.calls)} failed ({percent(seen.failure_rate)})
      {seen.slow > 0 && `, ${count(seen.slow)} slow`}
    </>
  );
}

export function Transitions({ list }: { list: readonly Transition[] }) {
  if (list.length === 0) return <p class="quiet note">No change of state in this span.</p>;
  return (
    <PlainTable label="Changes of state" heads={["When", "Change", "Why", "The window then", "Last failure"]}>
      {list.map((each) => (
        <tr key={`${each.generation} ${each.at}`} onMouseEnter={() => (pointed.value = each)} onMouseLeave={() => (pointed.value = null)}>
          <td class="num">
            {instant(each.at)}
            <small>
              <Ago at={each.at} ago />
            </small>
          </td>
          <td>
            <Move from={each.from} to={each.to} />
          </td>
          <td>
            <Why transition={each} />
          </td>
          <td class="num">
            <Window seen={each.window} />
          </td>
          <td>
            {each.last_failure ? (
              <>
                {words(each.last_failure.type)}
                <small>
                  <Ago at={each.last_failure.at} ago />
                </small>
              </>
            ) : (
              "–"
            )}
          </td>
        </tr>
      ))}
    </PlainTable>
  );
}
