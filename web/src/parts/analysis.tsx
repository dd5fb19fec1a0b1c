// Why a breaker is as it is: what GET /analysis/{name} answers.
import { has, useAnswer } from "../remote";
import { Waiting } from "./said";

export function Analysis({ name, again }: { name: string; again: unknown }) {
  const answer = useAnswer<object>(has("/analysis") ? `analysis/${encodeURIComponent(name)}` : null, 15_000, again);
  return <Waiting answer={answer} what="the analysis" absent="An analysis is not configured in this program." />;
}
