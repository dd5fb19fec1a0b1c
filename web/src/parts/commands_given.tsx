// The commands that a breaker was given, with client and time, newest first.
import type { Commanded } from "../api";
import { instant, words } from "../format";
import { PlainTable } from "./plain_table";
import { Ago } from "./said";

export function Commands({ list }: { list: readonly Commanded[] }) {
  return (
    <PlainTable label="Commands" heads={["When", "Command", "By", "Result"]}>
      {[...list].reverse().map((each, i) => (
        <tr key={`${each.at} ${list.length - i}`}>
          <td class="num">
            {instant(each.at)}
            <small>
              <Ago at={each.at} ago />
            </small>
          </td>
          <td>{each.command}</td>
          <td>
            <bdi>{each.client}</bdi>
          </td>
          <td class={each.result === "done" ? "" : "trouble"}>{words(each.result)}</td>
        </tr>
      ))}
    </PlainTable>
  );
}
