// Why a breaker is as it is, and what to do about it: what GET /analysis/{name} answers.
import type { AnalysisDocument, Finding } from "../api";
import { instant, percent, seconds, span, words } from "../format";
import { under, useAnswer } from "../remote";
import { href } from "../route";
import { Ago, Waiting, WithCode } from "./said";

export function Findings({ list }: { list: readonly Finding[] }) {
  if (list.length === 0) return <p class="quiet note">No problems found.</p>;
  return (
    <ol class="findings">
      {list.map((each) => (
        <li key={each.rule}>
          <p>
            <b>
              <WithCode text={each.cause} />
            </b>
          </p>
          <p>
            <WithCode text={each.action} />
          </p>
          <p class="quiet">
            More in <a href={each.runbook}>{each.runbook}</a>
          </p>
        </li>
      ))}
    </ol>
  );
}

function Evidence({ of }: { of: AnalysisDocument }) {
  const { last_opening: last, onset, failures, together } = of;
  return (
    <dl class="pairs">
      <div>
        <dt>Health score</dt>
        <dd class="num">{of.health_score} of 100</dd>
      </div>
      <div>
        <dt>Openings in 24 h</dt>
        <dd class="num">{of.openings_last_24h}</dd>
      </div>
      <div>
        <dt>Changes in the last hour</dt>
        <dd class="num">{of.changes_last_hour}</dd>
      </div>
      {of.first_opened && (
        <div>
          <dt>First opened</dt>
          <dd class="num">{instant(of.first_opened)}</dd>
        </div>
      )}
      {last && (
        <div>
          <dt>Last opened</dt>
          <dd class="num">
            <Ago at={last.at} ago />, {last.evidence}
            {last.lasted !== null && `; closed after ${span(last.lasted)}`}
          </dd>
        </div>
      )}
      {onset && (
        <div>
          <dt>How it began</dt>
          <dd class="num">
            {onset.kind === "spike" ? "at once" : "little by little"}: {percent(onset.before)} to {percent(onset.after)} bad within{" "}
            {seconds(onset.over)}
          </dd>
        </div>
      )}
      {failures.length > 0 && (
        <div>
          <dt>Failures</dt>
          <dd class="num">{failures.map(({ type, share }) => `${words(type)} ${percent(share)}`).join(", ")}</dd>
        </div>
      )}
      {together.length > 0 && (
        <div>
          <dt>Opened at the same time</dt>
          <dd>
            {together.map((name, i) => (
              <span key={name}>
                {i > 0 && ", "}
                <a href={href("breaker", name)}>
                  <bdi>{name}</bdi>
                </a>
              </span>
            ))}
          </dd>
        </div>
      )}
    </dl>
  );
}

export function Analysis({ name, again }: { name: string; again: unknown }) {
  const answer = useAnswer<AnalysisDocument>(under("/analysis", `analysis/${encodeURIComponent(name)}`), 10_000, again);
  return (
    <>
      <Waiting answer={answer} what="the analysis" absent="An analysis is not configured in this program." />
      {answer.state === "here" && (
        <>
          <Findings list={answer.data.findings} />
          <Evidence of={answer.data} />
        </>
      )}
    </>
  );
}
