// Passkeys: the browser is asked for one, and what it gives is sent as a form (Web Authentication level 3). What is here is
// believed in nothing; the server checks it all. Every page that has this script has another way as well.
"use strict";
{
  const supported = Boolean(window.PublicKeyCredential && navigator.credentials);

  // Browsers of before 2025 don't convert by themselves.
  const bytes = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
  const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  const parse = (options, kind) => {
    const native = PublicKeyCredential[kind === "create" ? "parseCreationOptionsFromJSON" : "parseRequestOptionsFromJSON"];
    if (native) return native.call(PublicKeyCredential, options);
    const raw = { ...options, challenge: bytes(options.challenge) };
    if (raw.user) raw.user = { ...raw.user, id: bytes(raw.user.id) };
    for (const list of ["allowCredentials", "excludeCredentials"]) {
      if (raw[list]) raw[list] = raw[list].map((one) => ({ ...one, id: bytes(one.id) }));
    }
    return raw;
  };
  const write = (credential) => {
    const response = { transports: credential.response.getTransports?.() };
    for (const part of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
      if (credential.response[part]) response[part] = text(credential.response[part]);
    }
    return JSON.stringify({ rawId: credential.id, type: credential.type, authenticatorAttachment: credential.authenticatorAttachment, response });
  };

  // A challenge lives five minutes; the last two are left to the person.
  const fresh = 180_000;

  const begin = (form) => {
    const kind = form.dataset.passkey;
    const offered = kind === "get" && document.querySelector("[autocomplete~=webauthn]");
    let options, asked, pending, renewal;
    const load = async () => {
      if (!options || Date.now() - asked > fresh) {
        const answer = await fetch(form.dataset.options);
        if (!answer.ok) throw new DOMException("", answer.status === 410 ? "Gone" : "");
        [options, asked] = [await answer.json(), Date.now()];
      }
      return options;
    };
    const say = (name) => {
      const all = [...form.querySelectorAll("[data-says]")];
      const said = name === undefined ? undefined : all.find((p) => p.dataset.says === name) ?? all.at(-1);
      for (const one of all) one.hidden = one !== said;
    };
    const ask = async (mediation) => {
      pending?.abort();
      clearTimeout(renewal);
      const mine = pending = new AbortController();
      try {
        const publicKey = parse(await load(), kind);
        if (mine.signal.aborted) return;
        if (mediation) renewal = setTimeout(() => ask(mediation), fresh + 1000);
        const credential = await navigator.credentials[kind]({ publicKey, signal: mine.signal, ...(mediation && { mediation }) });
        clearTimeout(renewal);
        options = undefined;
        sessionStorage.setItem("passkey", credential.id);
        form.elements.credential.value = write(credential);
        form.submit();
      } catch (error) {
        if (mine !== pending || error.name === "AbortError" || mediation) return;
        if (error.name === "Gone") return location.reload();
        say(error.name);
        offer();
      }
    };
    // The field of the user name offers passkeys among what the browser fills in.
    const offer = async () => {
      if (offered && await PublicKeyCredential.isConditionalMediationAvailable?.()) ask("conditional");
    };
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      event.stopPropagation(); // page.js would take it for sent
      say(undefined);
      ask();
    });
    addEventListener("pageshow", (event) => { if (event.persisted) offer(); });
    load().then((now) => {
      if ("unknown" in form.dataset && sessionStorage.getItem("passkey")) {
        PublicKeyCredential.signalUnknownCredential?.({ rpId: now.rpId, credentialId: sessionStorage.getItem("passkey") }).catch(() => {});
      }
      offer();
    }, (error) => { if (offered && error.name === "Gone") form.hidden = true; }); // passkeys are not allowed here
    form.hidden = false;
    for (const none of document.querySelectorAll("[data-passkey-none]")) none.hidden = true;
  };
  if (supported) document.querySelectorAll("[data-passkey]").forEach(begin);

  // On Security info the browser learns which passkeys are any good, and what the account is called now.
  const tell = async (address) => {
    const { rpId, userId, allAcceptedCredentialIds, name, displayName } = await (await fetch(address)).json();
    await PublicKeyCredential.signalAllAcceptedCredentials?.({ rpId, userId, allAcceptedCredentialIds });
    await PublicKeyCredential.signalCurrentUserDetails?.({ rpId, userId, name, displayName });
  };
  const list = document.querySelector("[data-signals]");
  if (supported && list && PublicKeyCredential.signalAllAcceptedCredentials) tell(list.dataset.signals).catch(() => {});
}
