// A system that takes people over SCIM, made with other people's code: SCIMMY judges every request and applies every PATCH.
// It keeps what it is told in memory, listens on this computer only, and ends with its standard input. Its first line of output
// is its port. GET /kept tells what it keeps.
import express from "express";
import SCIMMY from "scimmy";
import SCIMMYRouters from "scimmy-routers";

const token = process.argv[2];
const kept = { Users: new Map(), Groups: new Map() };
let next = 1;

// declare lets SCIMMY keep one type of resource, whose name nobody else may have.
function declare(Resource, store, name) {
    SCIMMY.Resources.declare(Resource)
        .ingress((resource, data) => {
            const id = resource.id ?? `kept-${next++}`;
            if (resource.id && !store.has(id)) throw new SCIMMY.Types.Error(404, null, `There is no ${id}`);
            const value = JSON.parse(JSON.stringify(data));
            for (const other of store.values()) {
                if (other.id !== id && other[name].toLowerCase() === value[name].toLowerCase()) throw new SCIMMY.Types.Error(409, "uniqueness", "This name is taken");
            }
            store.set(id, { ...value, id, meta: { created: new Date(), lastModified: new Date() } });
            return store.get(id);
        })
        .egress((resource) => {
            if (resource.id) {
                if (!store.has(resource.id)) throw new SCIMMY.Types.Error(404, null, `There is no ${resource.id}`);
                return store.get(resource.id);
            }
            const all = [...store.values()];
            return resource.filter ? resource.filter.match(all) : all;
        })
        .degress((resource) => {
            if (!store.delete(resource.id)) throw new SCIMMY.Types.Error(404, null, `There is no ${resource.id}`);
        });
}
SCIMMY.Resources.User.extend(SCIMMY.Schemas.EnterpriseUser);
declare(SCIMMY.Resources.User, kept.Users, "userName");
declare(SCIMMY.Resources.Group, kept.Groups, "displayName");

const app = express();
app.get("/kept", (_, response) => response.json({ Users: [...kept.Users.values()], Groups: [...kept.Groups.values()] }));
app.use("/scim", new SCIMMYRouters({
    type: "bearer",
    handler: (request) => {
        if (request.header("Authorization") !== `Bearer ${token}`) throw new Error("not authorised");
        return "woggle";
    },
}));
const server = app.listen(0, "127.0.0.1", () => console.log(JSON.stringify({ port: server.address().port })));
process.stdin.on("end", () => process.exit(0)).resume();
