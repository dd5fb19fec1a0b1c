// All that is tried at the moment, and the way to it: splits with their verdicts, and shadows.
import type { ExperimentsDocument } from "../api";
import { count, instant, percent } from "../format";
import { PlainTable } from "../parts/plain_table";
import { Waiting } from "../parts/said";
import { verdictOf } from "../parts/split";
import { under, useAnswer } from "../remote";
import { href } from "../route";

const Service = ({ name }: { name: string }) => (
  <a href={href("service", name)}>
    <bdi>{name}</bdi>
  </a>
);

function Splits({ list }: { list: ExperimentsDocument["splits"] }) {
  return (
    <section class="panel" aria-labelledby="splits-title">
      <h2 id="splits-title">Splits</h2>
      <PlainTable label="Splits" heads={["Service", "Candidate", "Its share", "Verdict", "Bad of the current policy", "Bad of the candidate", "Since"]}>
        {list.map((each) => (
          <tr key={each.service}>
            <td>
              <Service name={each.service} />
            </td>
            <td>
              <bdi>{each.candidate}</bdi>
            </td>
            <td class="num">{each.stopped ? "stopped" : percent(each.share)}</td>
            <td>{verdictOf(each).title}</td>
            {each.arms.map((arm) => (
              <td key={arm.arm} class="num">
                {count(arm.bad)} of {count(arm.requests)}
              </td>
            ))}
            <td class="num">{instant(each.since)}</td>
          </tr>
        ))}
      </PlainTable>
    </section>
  );
}

function AllShadows({ list }: { list: ExperimentsDocument["experiments"] }) {
  return (
    <section class="panel" aria-labelledby="all-shadows-title">
      <h2 id="all-shadows-title">Shadow policies</h2>
      <PlainTable label="Shadow policies" heads={["Service", "Shadow", "Calls seen", "Bad calls let through", "In force", "Since"]}>
        {list.flatMap(({ service, since, in_force: now, shadows }) =>
          shadows.map((each) => (
            <tr key={`${service} ${each.policy}`}>
              <td>
                <Service name={service} />
              </td>
              <td>
                <bdi>{each.policy}</bdi>
              </td>
              <td class="num">{count(each.calls)}</td>
              <td class="num">{count(each.let_through_bad)}</td>
              <td class="num">{count(now.let_through_bad)}</td>
              <td class="num">{instant(since)}</td>
            </tr>
          )),
        )}
      </PlainTable>
    </section>
  );
}

export function ExperimentsPage() {
  const answer = useAnswer<ExperimentsDocument>(under("/experiments", "experiments"), 5_000);
  const { splits, experiments } = answer.state === "here" ? answer.data : { splits: [], experiments: [] };
  return (
    <>
      <h1>Experiments</h1>
      <Waiting answer={answer} what="the experiments" absent="This program has no experiments." />
      {splits.length > 0 && <Splits list={splits} />}
      {experiments.length > 0 && <AllShadows list={experiments} />}
      {answer.state === "here" && splits.length + experiments.length === 0 && (
        <p class="quiet note">
          No service has an <code>experiment</code> in the policy file.
        </p>
      )}
    </>
  );
}
