// An app on the library openid-client, which judges what the provider answers. It is told what to do in its argument, says
// each step as a line of JSON, and is told what the browser brought as a line on its input.
import * as client from "openid-client";
import { createInterface } from "node:readline";

const task = JSON.parse(process.argv[2]);
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const hear = async () => JSON.parse((await lines.next()).value);
const say = (what) => process.stdout.write(JSON.stringify(what) + "\n");

const ways = {
  basic: () => client.ClientSecretBasic(task.secret),
  post: () => client.ClientSecretPost(task.secret),
  none: () => client.None(),
  key: async () => client.PrivateKeyJwt({
    key: await crypto.subtle.importKey("jwk", task.key, { name: "ECDSA", namedCurve: "P-256" }, false, ["sign"]), kid: task.key.kid }),
};

const config = await client.discovery(new URL(task.issuer), task.client, { id_token_signed_response_alg: task.alg },
  await ways[task.auth](), { execute: [client.allowInsecureRequests] });
client.enableNonRepudiationChecks(config); // the signature is checked though the token came straight from us

async function code() {
  const verifier = client.randomPKCECodeVerifier(), state = client.randomState(), nonce = client.randomNonce();
  const parameters = { redirect_uri: task.redirect, scope: task.scope, state, nonce, code_challenge_method: "S256",
    code_challenge: await client.calculatePKCECodeChallenge(verifier), max_age: "3600", ...task.parameters };
  const build = task.par ? client.buildAuthorizationUrlWithPAR : client.buildAuthorizationUrl;
  say({ url: (await build(config, parameters)).href });
  const { address, form } = await hear();
  const back = form ? new Request(task.redirect, { method: "POST", body: new URLSearchParams(form) }) : new URL(address);
  const tokens = await client.authorizationCodeGrant(config, back, { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce,
    maxAge: 3600, idTokenExpected: true });
  const told = { claims: tokens.claims(), userinfo: await client.fetchUserInfo(config, tokens.access_token, tokens.claims().sub) };
  if (task.auth !== "none") told.introspected = await client.tokenIntrospection(config, tokens.access_token);
  const refreshed = await client.refreshTokenGrant(config, tokens.refresh_token);
  told.again = await client.fetchUserInfo(config, refreshed.access_token, tokens.claims().sub);
  await client.tokenRevocation(config, refreshed.refresh_token);
  told.revoked = await client.refreshTokenGrant(config, refreshed.refresh_token).then(() => "still good", (e) => e.error);
  told.leave = client.buildEndSessionUrl(config, { id_token_hint: tokens.id_token, post_logout_redirect_uri: task.bye, state: "bye" }).href;
  say(told);
}

async function device() {
  const started = await client.initiateDeviceAuthorization(config, { scope: task.scope });
  say({ code: started.user_code, url: started.verification_uri_complete });
  await hear();
  const tokens = await client.pollDeviceAuthorizationGrant(config, started);
  say({ userinfo: await client.fetchUserInfo(config, tokens.access_token, tokens.claims().sub) });
}

async function own() {
  const tokens = await client.clientCredentialsGrant(config, { scope: task.scope });
  say({ introspected: await client.tokenIntrospection(config, tokens.access_token) });
}

await { code, device, own }[task.flow]();
process.exit(0);
