// A relying party of WS-Federation of other people's making, as far as that goes: the XML and its signatures are read by npm's
// xml-crypto, xmldom and xpath; the rules are those that Microsoft documents for a federated domain, written down here in
// another language by reading its documents and not our code. It plays Microsoft Entra with
// federatedIdpMfaBehavior = enforceMfaByFederatedIdp, or any other party if told so.
//
// Its one argument is JSON: metadata (address of the provider's), passive (address), realm, and what it expects: issuer,
// upn, id (immutable id) for Entra; name and claims for others; token "saml2" if that is what it takes.
// It prints {"port": …}. The clock is set by GET /clock?now=…, because tests have one of their own.
//
//   GET  /start?…         sends the browser to the provider; what the query says is added to the request
//   POST /login.srf       judges the answer, and says "accepted" or "refused: why", or sends the browser back for more
//   GET  /login.srf       the clean-up of a sign-out
"use strict";

const crypto = require("node:crypto");
const http = require("node:http");
const { DOMParser } = require("@xmldom/xmldom");
const { SignedXml } = require("xml-crypto");
const xpath = require("xpath");

const expected = JSON.parse(process.argv[2]);
const entra = expected.realm === "urn:federation:MicrosoftOnline";
const multi = "http://schemas.microsoft.com/claims/multipleauthn";
const mostRounds = 5;

let now = () => new Date();
let cleaned = 0;
const pending = new Map(); // requests by their number
const seen = new Set(); // ids of assertions
const base = () => `http://127.0.0.1:${server.address().port}`;

class Refused extends Error {}
const must = (holds, why) => {
  if (!holds) throw new Refused(why);
};

const names = xpath.useNamespaces({
  t: "http://schemas.xmlsoap.org/ws/2005/02/trust",
  wsp: "http://schemas.xmlsoap.org/ws/2004/09/policy",
  wsa: "http://www.w3.org/2005/08/addressing",
  wsu: "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd",
  saml: expected.token === "saml2" ? "urn:oasis:names:tc:SAML:2.0:assertion" : "urn:oasis:names:tc:SAML:1.0:assertion",
  ds: "http://www.w3.org/2000/09/xmldsig#",
  md: "urn:oasis:names:tc:SAML:2.0:metadata",
  fed: "http://docs.oasis-open.org/wsfed/federation/200706",
});
const all = (path, node) => names(path, node);
const one = (path, node) => {
  const found = all(path, node);
  must(found.length === 1, `${found.length} of ${path}, want one`);
  return found[0].nodeType === 1 ? found[0].textContent : found[0].value;
};

const parse = (text) =>
  new DOMParser({
    onError: (level, message) => {
      throw new Refused(`${level}: ${message}`);
    },
  }).parseFromString(text, "text/xml");

// signedPart gives what was signed of the element, parsed anew from the very bytes.
function signedPart(text, element, id, certificates, last) {
  const signatures = all("./ds:Signature", element);
  must(signatures.length === 1 && all("//ds:Signature", element).length === 1, "not one signature in the place for it");
  const children = Array.from(element.childNodes);
  must(children.indexOf(signatures[0]) === (last ? children.length - 1 : children.findIndex((c) => c.localName === "Signature")), "the signature is not last");
  must(one("./ds:SignedInfo/ds:SignatureMethod/@Algorithm", signatures[0]) === "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256", "not rsa-sha256");
  must(one("./ds:SignedInfo/ds:Reference/@URI", signatures[0]) === "#" + element.getAttribute(id), "the reference is to something else");
  must(one(".//ds:X509Certificate", signatures[0]).length > 0, "no certificate beside the signature");
  for (const certificate of certificates) {
    const publicCert = `-----BEGIN CERTIFICATE-----\n${certificate.replace(/\s/g, "").replace(/.{64}/g, "$&\n")}\n-----END CERTIFICATE-----\n`;
    const verifier = new SignedXml({ publicCert, ...(id === "ID" ? {} : { idAttribute: id }), getCertFromKeyInfo: () => null });
    verifier.loadSignature(signatures[0]);
    try {
      if (verifier.checkSignature(text)) return parse(verifier.getSignedReferences()[0]).documentElement;
    } catch {
      continue; // another key's
    }
  }
  throw new Refused("the signature is of none of the keys in the metadata");
}

// certificates reads the provider's metadata, which has to be signed by a key that it names.
async function certificates() {
  const text = await (await fetch(expected.metadata)).text();
  const root = parse(text).documentElement;
  const found = all("./md:RoleDescriptor/md:KeyDescriptor[@use='signing']//ds:X509Certificate", root).map((c) => c.textContent);
  const role = signedPart(text, root, "ID", found, false);
  const passive = one("./md:RoleDescriptor/fed:PassiveRequestorEndpoint/wsa:EndpointReference/wsa:Address", role);
  must(passive === expected.passive, `the metadata names ${passive}`);
  return all("./md:RoleDescriptor/md:KeyDescriptor[@use='signing']//ds:X509Certificate", role).map((c) => c.textContent);
}

// send sends the browser to the provider with a request of its own number. Microsoft's own names are in it, and a wctx as long as
// Microsoft's, with letters that are special in addresses, forms and pages.
function send(response, extra, demands) {
  const id = demands.id ?? crypto.randomUUID();
  const context = "LoginOptions=3&estsredirect=2&estsrequest=" + crypto.randomBytes(3000).toString("base64url") + `"'<>&amp;+%20 é你;\\`;
  const query = new URLSearchParams({ wa: "wsignin1.0", wtrealm: expected.realm, wctx: context, "client-request-id": id, cbcxt: "", mkt: "en-GB", ...extra });
  pending.set(context, { ...demands, id, sent: demands.sent ?? now() });
  const to = expected.passive + "?" + query.toString().replaceAll("+", "%20");
  response.writeHead(302, { Location: to, "Cache-Control": "no-store" }).end();
}

async function judge(form) {
  must([...form.keys()].sort().join() === "wa,wctx,wresult", `the fields are ${[...form.keys()]}`);
  must(form.get("wa") === "wsignin1.0", "wa is another action");
  const asked = pending.get(form.get("wctx"));
  must(asked, "wctx did not come back as it was sent");
  const text = form.get("wresult");
  const response = parse(text).documentElement;
  must(response.localName === "RequestSecurityTokenResponse" && response.namespaceURI === "http://schemas.xmlsoap.org/ws/2005/02/trust", "not the response of February 2005");
  must(one("./wsp:AppliesTo/wsa:EndpointReference/wsa:Address", response) === expected.realm, "the response is for somebody else");
  must(new Date(one("./t:Lifetime/wsu:Expires", response)) > now(), "the response is too old");
  must(all("//saml:Assertion", response).length === 1, "not one assertion");
  const [assertion] = all("./t:RequestedSecurityToken/saml:Assertion", response);
  must(assertion, "no assertion in its place");
  const id = expected.token === "saml2" ? "ID" : "AssertionID";
  const token = signedPart(text, assertion, id, await certificates(), id === "AssertionID");
  must(!seen.has(token.getAttribute(id)), "the assertion was used before");
  seen.add(token.getAttribute(id));
  const facts = expected.token === "saml2" ? read20(token) : read11(token);
  must(facts.issuer === expected.issuer, `the issuer is ${facts.issuer}`);
  must(facts.audience === expected.realm, "the audience is somebody else");
  must(new Date(facts.from) <= now() && now() < new Date(facts.until), `valid from ${facts.from} until ${facts.until}`);
  for (const [type, values] of Object.entries(expected.claims ?? {})) {
    must(JSON.stringify(facts.claims[type]) === JSON.stringify(values), `${type} is ${facts.claims[type]}, want ${values}`);
  }
  must(facts.name === (expected.id ?? expected.name), `the name is ${facts.name}`);
  if (entra) judgeEntra(facts);
  return { asked, facts };
}

function judgeEntra({ claims, name, format }) {
  must(format === "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified", `the format of the name is ${format}`);
  must(claims["http://schemas.xmlsoap.org/claims/UPN"]?.join() === expected.upn, "another UPN");
  must(claims["http://schemas.microsoft.com/LiveID/Federation/2008/05/ImmutableID"]?.join() === name, "two immutable ids");
  must(claims["http://schemas.microsoft.com/ws/2012/01/insidecorporatenetwork"]?.join() !== "true", "it says that everybody is inside");
}

function read11(token) {
  const claims = {};
  for (const attribute of all("./saml:AttributeStatement/saml:Attribute", token)) {
    const type = attribute.getAttribute("AttributeNamespace") + "/" + attribute.getAttribute("AttributeName");
    must(!claims[type], `${type} stands twice`);
    claims[type] = all("./saml:AttributeValue", attribute).map((v) => v.textContent);
  }
  const subjects = all("./*/saml:Subject", token).map((s) => s.toString());
  must(subjects.length > 0 && new Set(subjects).size === 1, "the statements are about different subjects");
  must(all("./*/saml:Subject", token).every((s) => one("./saml:SubjectConfirmation/saml:ConfirmationMethod", s) === "urn:oasis:names:tc:SAML:1.0:cm:bearer"), "not a bearer token");
  return {
    issuer: token.getAttribute("Issuer"),
    audience: one("./saml:Conditions/saml:AudienceRestrictionCondition/saml:Audience", token),
    from: one("./saml:Conditions/@NotBefore", token),
    until: one("./saml:Conditions/@NotOnOrAfter", token),
    name: one("./saml:AuthenticationStatement/saml:Subject/saml:NameIdentifier", token),
    format: one("./saml:AuthenticationStatement/saml:Subject/saml:NameIdentifier/@Format", token),
    method: one("./saml:AuthenticationStatement/@AuthenticationMethod", token),
    instant: one("./saml:AuthenticationStatement/@AuthenticationInstant", token),
    claims,
  };
}

function read20(token) {
  const claims = {};
  for (const attribute of all("./saml:AttributeStatement/saml:Attribute", token)) {
    claims[attribute.getAttribute("Name")] = all("./saml:AttributeValue", attribute).map((v) => v.textContent);
  }
  return {
    issuer: one("./saml:Issuer", token),
    audience: one("./saml:Conditions/saml:AudienceRestriction/saml:Audience", token),
    from: one("./saml:Conditions/@NotBefore", token),
    until: one("./saml:Conditions/@NotOnOrAfter", token),
    name: one("./saml:Subject/saml:NameID", token),
    method: one("./saml:AuthnStatement/saml:AuthnContext/saml:AuthnContextClassRef", token),
    instant: one("./saml:AuthnStatement/@AuthnInstant", token),
    claims,
  };
}

// wanting says what is missing from a good answer, and with what request Entra asks for it; nothing if it is content.
function wanting(asked, { claims, method, instant }) {
  const ways = [[method], claims["http://schemas.microsoft.com/ws/2008/06/identity/claims/authenticationmethod"] ?? [], claims["http://schemas.microsoft.com/claims/authnmethodsreferences"] ?? []];
  const multiAt = claims["http://schemas.microsoft.com/ws/2017/04/identity/claims/multifactorauthenticationinstant"];
  const claimed = ways.map((w) => w.includes(multi));
  must(claimed.every((c) => c === claimed[0]) && claimed[0] === Boolean(multiAt), "multi-factor is claimed in some places only");
  if (asked.enforce && !claimed[0]) return { wauth: multi };
  if (!asked.fresh) return null;
  const stated = claims["http://schemas.microsoft.com/ws/2008/06/identity/claims/authenticationinstant"];
  must(stated?.join() === instant, "two times of signing in");
  const old = [instant, ...(asked.enforce ? multiAt : [])].some((at) => new Date(at) < asked.sent);
  return old ? { ...(asked.enforce ? { wauth: multi } : {}), wfresh: "0" } : null;
}

async function answer(request, response) {
  const url = new URL(request.url, base());
  if (url.pathname === "/clock") {
    const at = url.searchParams.get("now");
    now = () => new Date(at);
    return response.end("ok");
  }
  if (url.pathname === "/cleaned") return response.end(String(cleaned));
  if (url.pathname === "/start") {
    const extra = Object.fromEntries(url.searchParams);
    return send(response, extra, { fresh: extra.wfresh === "0" || extra.prompt === "login", enforce: entra, rounds: 0 });
  }
  if (request.method === "GET" && url.searchParams.get("wa") === "wsignoutcleanup1.0") {
    cleaned += 1;
    return response.writeHead(200, { "Content-Type": "image/gif" }).end(Buffer.from("R0lGODlhAQABAAAAACwAAAAAAQABAAA=", "base64"));
  }
  must(request.method === "POST" && url.pathname === "/login.srf", `no page ${request.method} ${url.pathname}`);
  let body = "";
  for await (const chunk of request) body += chunk;
  const { asked, facts } = await judge(new URLSearchParams(body));
  const more = wanting(asked, facts);
  if (more && asked.rounds >= mostRounds) throw new Refused("a loop without an end");
  if (more) return send(response, more, { ...asked, fresh: asked.fresh || more.wfresh === "0", rounds: asked.rounds + 1 });
  const shown = { name: facts.name, method: facts.method, instant: facts.instant, rounds: asked.rounds, claims: facts.claims };
  response.writeHead(200, { "Content-Type": "text/html; charset=utf-8" });
  response.end(`<!doctype html><title>Signed in</title><p>accepted</p><pre>${JSON.stringify(shown).replaceAll("&", "&amp;").replaceAll("<", "&lt;")}</pre>`);
}

const server = http.createServer({ maxHeaderSize: 64 << 10 }, (request, response) => {
  answer(request, response).catch((error) => {
    response.writeHead(error instanceof Refused ? 403 : 500, { "Content-Type": "text/plain; charset=utf-8" });
    response.end(error instanceof Refused ? `refused: ${error.message}` : `fault: ${error.stack}`);
  });
});
server.listen(0, "127.0.0.1", () => process.stdout.write(JSON.stringify({ port: server.address().port }) + "\n"));
process.stdin.resume();
process.stdin.on("end", () => process.exit(0));
