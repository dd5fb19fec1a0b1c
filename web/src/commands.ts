// An operator's commands to a breaker, and the token they may need.
import { signal } from "@preact/signals";

export type Command = "reset" | "force-open";

const storageKey = "switchgear.admin-token";

/// Set while the token dialog is open: what to call with the token, or with null when the operator gives up.
export const tokenRequest = signal<{ refused: boolean; answer: (token: string | null) => void } | null>(null);

function askForToken(refused: boolean): Promise<string | null> {
  return new Promise((resolve) => {
    tokenRequest.value = {
      refused,
      answer: (token) => {
        tokenRequest.value = null;
        resolve(token);
      },
    };
  });
}

/// Sends a command; null when it was done, else a message that says what went wrong.
export async function send(name: string, command: Command): Promise<string | null> {
  for (let attempt = 0; ; attempt++) {
    const token = sessionStorage.getItem(storageKey);
    const headers = new Headers();
    if (token) headers.set("Authorization", `Bearer ${token}`);
    let response: Response;
    try {
      response = await fetch(`circuit-breakers/${encodeURIComponent(name)}/${command}`, { method: "POST", headers });
    } catch {
      return "The server cannot be reached.";
    }
    if (response.ok) return null;
    if (response.status !== 401) {
      const problem = (await response.json().catch(() => ({}))) as { detail?: string };
      return problem.detail ?? `The server answered ${response.status}.`;
    }
    sessionStorage.removeItem(storageKey);
    const given = await askForToken(token !== null || attempt > 0);
    if (given === null) return "This needs the admin token.";
    sessionStorage.setItem(storageKey, given);
  }
}
