// Policies that are tried beside the one in force: what they would have decided about the same calls.
import type { ExperimentsDocument } from "../api";
import { count, instant, seconds, stateWord } from "../format";
import { under, useAnswer } from "../remote";
import { PlainTable } from "./plain_table";

export function Shadows({ name }: { name: string }) {
  const answer = useAnswer<ExperimentsDocument>(under("/experiments", "experiments"), 10_000);
  const found = answer.state === "here" ? answer.data.experiments.find((each) => each.service === name) : undefined;
  if (!found) return null;
  const { in_force: now } = found;
  return (
    <section class="panel whole" aria-labelledby="shadows-title">
      <h2 id="shadows-title">Shadow policies</h2>
      <p class="quiet note">
        They have seen {count(now.calls)} calls since {instant(found.since)}, and refuse none.
      </p>
      <PlainTable
        label="Shadow policies"
        heads={["Policy", "State", "Bad calls let through", "Good calls refused", "Bad calls refused", "Openings", "Open for"]}
      >
        <tr>
          <td>
            <bdi>{now.policy}</bdi> <small>in force; what it refused has no outcome</small>
          </td>
          <td>{stateWord[now.state]}</td>
          <td class="num">{count(now.let_through_bad)}</td>
          <td class="num" colSpan={2}>
            {count(now.refused)} refused
          </td>
          <td class="num">{count(now.opened)}</td>
          <td class="num">{seconds(now.time_open)}</td>
        </tr>
        {found.shadows.map((each) => (
          <tr key={each.policy}>
            <td>
              <bdi>{each.policy}</bdi>
            </td>
            <td>{stateWord[each.state]}</td>
            <td class="num">{count(each.let_through_bad)}</td>
            <td class="num">{count(each.refused_good)}</td>
            <td class="num">{count(each.refused_bad)}</td>
            <td class="num">{count(each.opened)}</td>
            <td class="num">{seconds(each.time_open)}</td>
          </tr>
        ))}
      </PlainTable>
    </section>
  );
}
