// Requests to the server. Each failure says what kind it is, because each kind is treated differently.

const TIMEOUT = 20_000;

// `kind`: network (no answer), signed-out, conflict (409, see `code`), refused (will never be taken), server (try again).
export class RequestFailed extends Error {
  constructor(kind, { code = "", message = "", reference = "", account = "" } = {}) {
    super(message || kind);
    Object.assign(this, { kind, code, reference, account });
  }
}

function csrfToken() {
  const cookie = document.cookie.split("; ").find((part) => part.startsWith("csrftoken="));
  return cookie ? cookie.slice("csrftoken=".length) : document.querySelector("[name=csrfmiddlewaretoken]").value;
}

function kindOf(status) {
  if (status === 401) return "signed-out";
  if (status === 409) return "conflict";
  if (status === 400 || status === 404 || status === 413) return "refused";
  return "server";
}

export class Api {
  constructor({ urls, account }) {
    this.urls = urls;
    this.account = String(account);
  }

  // POST JSON, return the answer. `leaving`: the request may outlive the page.
  async send(name, content, { leaving = false } = {}) {
    let response;
    try {
      response = await fetch(this.urls[name], {
        method: "POST",
        headers: {
          "Content-Type": "application/json",
          Accept: "application/json",
          "X-CSRFToken": csrfToken(),
          "X-Argus-Account": this.account, // another account never sends this one's verdicts
        },
        body: JSON.stringify(content),
        keepalive: leaving,
        redirect: "error",
        signal: leaving ? undefined : AbortSignal.timeout(TIMEOUT),
      });
    } catch {
      throw new RequestFailed("network");
    }
    const reference = response.headers.get("X-Request-Id") ?? "";
    let answer = null;
    try {
      answer = await response.json();
    } catch {
      // An error page, or a connection that broke in the middle of the answer.
      throw new RequestFailed(response.ok ? "network" : kindOf(response.status), { reference });
    }
    if (response.ok) return answer;
    throw new RequestFailed(kindOf(response.status), { reference, ...answer.error });
  }

  // Sign in with a password, in place. Returns "in", "wrong" or "more" (a second factor or another step is asked for).
  async signIn(username, password) {
    const body = new URLSearchParams({ login: username, password, remember: "on", csrfmiddlewaretoken: csrfToken() });
    let response;
    try {
      response = await fetch(this.urls.login, {
        method: "POST",
        headers: { "X-Requested-With": "XMLHttpRequest", Accept: "application/json", "X-CSRFToken": csrfToken() },
        body,
        signal: AbortSignal.timeout(TIMEOUT),
      });
    } catch {
      throw new RequestFailed("network");
    }
    if (response.status === 400) return "wrong";
    if (!response.ok) throw new RequestFailed("server", { reference: response.headers.get("X-Request-Id") ?? "" });
    const answer = await response.json().catch(() => ({}));
    return /2fa|mfa|confirm|password/.test(answer.location ?? "") ? "more" : "in";
  }
}
