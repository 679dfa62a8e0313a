// Signing in again in place, with the password alone, when the session has ended during the work.

import { byId } from "./panels.js";

// `onSignedIn()` is called once the server has accepted; everything else is said beside the field.
export function listenToSignIn({ api, username, messages, onSignedIn }) {
  byId("state-signed-out").addEventListener("submit", async (event) => {
    event.preventDefault();
    const field = byId("password");
    const problem = byId("sign-in-problem");
    problem.textContent = "";
    let outcome;
    try {
      outcome = await api.signIn(username, field.value);
    } catch (failure) {
      problem.textContent = messages.say("sign_in_failed", { reference: failure.reference || "-" });
      return;
    }
    field.value = "";
    if (outcome === "in") {
      await onSignedIn();
    } else {
      problem.textContent = messages.say(outcome === "wrong" ? "sign_in_wrong" : "sign_in_more");
      field.focus();
    }
  });
}
