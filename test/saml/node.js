// node-saml as an app. Its one argument is JSON: options for node-saml, what to do, and with what. It prints JSON: what came of
// it, or {"error": "…"}.
"use strict";

const { SAML, generateServiceProviderMetadata } = require("@node-saml/node-saml");

const { options, what, input } = JSON.parse(process.argv[2]);
const saml = new SAML(options);

const deeds = {
  metadata: async () => ({ text: generateServiceProviderMetadata({ ...options, publicCerts: input.cert }) }),
  ask: async () => ({ text: await saml.getAuthorizeUrlAsync(input.relay, undefined, {}) }),
  form: async () => ({ text: await saml.getAuthorizeFormAsync(input.relay) }),
  judge: async () => saml.validatePostResponseAsync(input),
  leave: async () => ({ text: await saml.getLogoutUrlAsync(input.user, input.relay, {}) }),
  left: async () => saml.validateRedirectAsync(Object.fromEntries(new URLSearchParams(input.query)), input.query),
  farewell: async () => ({ text: await new Promise((done, fail) =>
    saml.getLogoutResponseUrl(input.user, "", {}, true, (err, url) => (err ? fail(err) : done(url)))) }),
};

deeds[what]().then(
  (result) => console.log(JSON.stringify(result, (key, value) => (typeof value === "function" ? undefined : value))),
  (err) => console.log(JSON.stringify({ error: String(err.message || err) })),
);
