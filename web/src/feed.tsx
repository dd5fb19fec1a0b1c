// The latest changes of state over all breakers, and the same for screen readers as they happen.
import { evidence, span, stateWord } from "./format";
import { announcement, now, serverNow, transitions } from "./model";

export function Feed() {
  const list = transitions.value;
  now.value;
  return (
    <>
      <p class="hidden" aria-live="polite">
        {announcement.value}
      </p>
      {list.length > 0 && (
        <section class="feed" aria-labelledby="feed-title">
          <h2 id="feed-title">Latest changes</h2>
          <ol>
            {list.map((each) => {
              const { rule, detail } = evidence(each);
              return (
                <li key={`${each.circuit}\n${each.generation}\n${each.at}`}>
                  <span class="ago num">{span((serverNow() - Date.parse(each.at)) / 1000)} ago</span>
                  <bdi class="who">{each.circuit}</bdi>
                  <span class="move">
                    <span class={`dot ${each.from}`} aria-hidden="true" />
                    {stateWord[each.from]} <span aria-hidden="true">→</span>
                    <span class="hidden"> to </span> <span class={`dot ${each.to}`} aria-hidden="true" />
                    {stateWord[each.to]}
                  </span>
                  <span class="why">
                    <b>{rule}</b> <span class="num">{detail}</span>
                  </span>
                </li>
              );
            })}
          </ol>
        </section>
      )}
    </>
  );
}
