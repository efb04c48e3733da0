// A client that follows RFC 7644 section 3, and has what comes back judged by other people's code: SCIMMY refuses a resource
// whose attributes do not fit their schemas, a list that is none, an error that is none. Woggle's address and a token are its words.
import assert from "node:assert/strict";
import SCIMMY from "scimmy";

const [base, token] = process.argv.slice(2);
const urn = { user: "urn:ietf:params:scim:schemas:core:2.0:User", group: "urn:ietf:params:scim:schemas:core:2.0:Group",
    enterprise: "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User", patch: "urn:ietf:params:scim:api:messages:2.0:PatchOp" };
SCIMMY.Schemas.User.definition.extend(SCIMMY.Schemas.EnterpriseUser.definition);

async function send(method, path, body, wanted, bearer = token) {
    const response = await fetch(base + path, { method, body: body && JSON.stringify(body),
        headers: { Authorization: `Bearer ${bearer}`, ...(body && { "Content-Type": "application/scim+json" }) } });
    const text = await response.text();
    assert.equal(response.status, wanted, `${method} ${path}: ${text}`);
    assert.equal(response.headers.get("Set-Cookie"), null);
    assert.equal(response.headers.get("Cache-Control"), "no-store");
    if (text === "") return undefined;
    assert.match(response.headers.get("Content-Type"), /^application\/scim\+json/);
    const value = JSON.parse(text);
    judge(value, response);
    return value;
}

// judge lets SCIMMY read what came back as what it says it is.
function judge(value, response) {
    const has = (id) => value.schemas?.includes(id);
    if (has(SCIMMY.Messages.ErrorResponse?.id ?? "urn:ietf:params:scim:api:messages:2.0:Error")) {
        assert.equal(value.status, String(response.status));
        new SCIMMY.Types.Error(Number(value.status), value.scimType ?? null, value.detail); // throws for a status with a wrong scimType
        new SCIMMY.Messages.Error({ status: value.status, scimType: value.scimType, detail: value.detail });
    } else if (has(SCIMMY.Messages.ListResponse.id)) {
        assert.equal(value.itemsPerPage, value.Resources.length);
        assert.ok(Number.isInteger(value.totalResults) && Number.isInteger(value.startIndex));
        value.Resources.forEach((one) => judge(one, response));
    } else if (has(urn.user)) {
        const read = JSON.parse(JSON.stringify(new SCIMMY.Schemas.User(value, "out", base)));
        for (const name of ["id", "userName", "active", "displayName"]) assert.deepEqual(read[name], value[name], name);
    } else if (has(urn.group)) {
        const read = JSON.parse(JSON.stringify(new SCIMMY.Schemas.Group(value, "out", base)));
        assert.deepEqual(read.members?.map((m) => m.value) ?? [], value.members?.map((m) => m.value) ?? []);
    }
}

const patch = (...Operations) => ({ schemas: [urn.patch], Operations });
const find = (resource, filter) => send("GET", `/${resource}?filter=${encodeURIComponent(filter)}`, undefined, 200);

// Section 4: what the service says of itself is what the library's own schemas say, attribute by attribute.
const config = await send("GET", "/ServiceProviderConfig", undefined, 200);
assert.equal(config.patch.supported, true);
const types = await send("GET", "/ResourceTypes", undefined, 200);
assert.deepEqual(types.Resources.map((t) => t.endpoint).sort(), ["/Groups", "/Users"]);
const schemas = (await send("GET", "/Schemas", undefined, 200)).Resources;
for (const [id, Schema] of [[urn.user, SCIMMY.Schemas.User], [urn.group, SCIMMY.Schemas.Group], [urn.enterprise, SCIMMY.Schemas.EnterpriseUser]]) {
    for (const attribute of schemas.find((s) => s.id === id).attributes) {
        const standard = Schema.definition.attribute(attribute.name);
        assert.equal(attribute.type, standard.type, attribute.name);
        assert.equal(attribute.multiValued, standard.config.multiValued, attribute.name);
        for (const inner of attribute.subAttributes ?? []) {
            assert.ok(standard.subAttributes.some((s) => s.name === inner.name), `${attribute.name}.${inner.name}`);
        }
    }
}

// Section 2: nobody without a token.
await send("GET", "/Users", undefined, 401, "none");

// Section 3.3: create. Section 3.4.1: read. Duplicates are told.
const ann = { schemas: [urn.user, urn.enterprise], userName: "ann@northwold.example", externalId: "a-1", name: { givenName: "Ann", familyName: "Price" }, displayName: "Ann Price",
    emails: [{ value: "ann@northwold.example", type: "work", primary: true }], phoneNumbers: [{ value: "01603 555 0100", type: "work" }], active: true, [urn.enterprise]: { department: "Fenland" } };
const made = await send("POST", "/Users", ann, 201);
assert.equal(made.meta.resourceType, "User");
assert.deepEqual(await fetch(made.meta.location, { headers: { Authorization: `Bearer ${token}` } }).then((r) => r.json()), made);
for (const name of ["userName", "externalId", "name", "emails", "phoneNumbers", urn.enterprise]) assert.deepEqual(made[name], ann[name], name);
assert.equal((await send("POST", "/Users", ann, 409)).scimType, "uniqueness");
const bob = await send("POST", "/Users", { schemas: [urn.user], userName: "bob" }, 201);

// Section 3.4.2: lists and filters. Section 3.9: attributes.
assert.equal((await send("GET", "/Users?count=1&startIndex=2", undefined, 200)).totalResults, 2);
assert.equal((await find("Users", 'userName eq "ANN@northwold.example"')).Resources[0].id, made.id);
assert.equal((await find("Users", 'emails[type eq "work"].value eq "ann@northwold.example" and active eq true')).totalResults, 1);
assert.deepEqual((await find("Users", 'userName eq "nobody"')).Resources, []);
assert.equal((await find("Users", 'externalId eq "a-1"')).Resources[0].id, made.id);
await send("GET", `/Users?filter=${encodeURIComponent("userName eq")}`, undefined, 400);
const few = await send("GET", `/Users/${made.id}?attributes=userName`, undefined, 200);
assert.deepEqual(Object.keys(few).sort(), ["id", "meta", "schemas", "userName"]);

// Section 3.5.1: replace. Section 3.5.2: the library applies the same PATCH to the same resource, and both come to the same.
const replaced = await send("PUT", `/Users/${made.id}`, { ...ann, displayName: "A. Price" }, 200);
assert.equal(replaced.displayName, "A. Price");
for (const operation of [
    { op: "replace", path: "displayName", value: "Ann P" },
    { op: "replace", value: { name: { familyName: "Pugh" }, title: "Leader" } },
    { op: "add", path: "emails", value: [{ value: "ann@home.example", type: "home" }] },
    { op: "replace", path: 'emails[type eq "home"].value', value: "ann2@home.example" },
    { op: "remove", path: 'emails[type eq "home"]' },
    { op: "add", path: "nickName", value: "Annie" },
    { op: "remove", path: "nickName" },
    { op: "replace", path: `${urn.enterprise}:department`, value: "Brecks" },
    { op: "replace", path: "active", value: false },
    { op: "replace", path: "active", value: true },
]) {
    const before = await send("GET", `/Users/${made.id}`, undefined, 200);
    const after = await send("PATCH", `/Users/${made.id}`, patch(operation), 200);
    const judged = await new SCIMMY.Messages.PatchOp(patch(operation)).apply(new SCIMMY.Schemas.User(before, "out", base), (patched) => patched);
    const plain = JSON.parse(JSON.stringify(judged ?? new SCIMMY.Schemas.User(before, "out", base)));
    const ours = JSON.parse(JSON.stringify(new SCIMMY.Schemas.User(after, "out", base)));
    for (const value of [plain, ours]) delete value.meta;
    assert.deepEqual(ours, plain, JSON.stringify(operation));
}
await send("PATCH", `/Users/${made.id}`, patch({ op: "replace", path: "nowhere", value: 1 }), 400);
await send("PATCH", `/Users/${made.id}`, patch({ op: "remove" }), 400);

// Groups.
const group = await send("POST", "/Groups", { schemas: [urn.group], displayName: "Fenland", members: [{ value: made.id }] }, 201);
assert.deepEqual(group.members.map((m) => m.value), [made.id]);
await send("PATCH", `/Groups/${group.id}`, patch({ op: "add", path: "members", value: [{ value: bob.id }] }, { op: "remove", path: `members[value eq "${made.id}"]` }), 204);
assert.deepEqual((await send("GET", `/Groups/${group.id}`, undefined, 200)).members.map((m) => m.value), [bob.id]);
assert.equal((await send("PUT", `/Groups/${group.id}`, { schemas: [urn.group], displayName: "Fens", members: [] }, 200)).members, undefined);
await send("POST", "/Groups", { schemas: [urn.group], displayName: "Fens" }, 409);

// Section 3.6: what is deleted is not found.
await send("DELETE", `/Groups/${group.id}`, undefined, 204);
await send("GET", `/Groups/${group.id}`, undefined, 404);
await send("DELETE", `/Users/${bob.id}`, undefined, 204);
await send("GET", `/Users/${bob.id}`, undefined, 404);
assert.equal((await find("Users", 'userName eq "bob"')).totalResults, 0);
console.log("judged");
