// The latest changes of state over all breakers, and the same for screen readers as they happen.
import { announcement, happenings, latest } from "../live/model";
import { href } from "../route";
import { Ago, Move, Why } from "./said";

/// Says aloud what has just happened; on every page.
export function Announcer() {
  return (
    <p class="hidden" aria-live="polite">
      {announcement.value}
    </p>
  );
}

export function Feed({ most }: { most: number }) {
  const list = latest(happenings.value, most);
  if (list.length === 0) return null;
  return (
    <section class="feed panel" aria-labelledby="feed-title">
      <h2 id="feed-title">Latest changes</h2>
      <ol>
        {list.map((each) =>
          each.kind === "lost" ? (
            <li key={`lost ${each.at}`} class="lost">
              <span class="ago num">
                <Ago at={each.at} ago />
              </span>
              <span>
                {each.events} {each.events === 1 ? "event is" : "events are"} missing here: they came faster than the server could
                pass them on.
              </span>
            </li>
          ) : (
            <li key={`${each.circuit}\n${each.generation}\n${each.at}`}>
              <span class="ago num">
                <Ago at={each.at} ago />
              </span>
              <a class="who" href={href("breaker", each.circuit)} title={each.circuit}>
                <bdi>{each.circuit}</bdi>
              </a>
              <Move from={each.from} to={each.to} />
              <Why transition={each} />
            </li>
          ),
        )}
      </ol>
    </section>
  );
}
