// The schemas that we serve, and the names of their attributes.
package scim

import (
	"embed"
	"encoding/json"
	"strings"

	"github.com/elimity-com/scim/schema"
)

//go:embed schemas/*.json
var schemaFiles embed.FS

// The ids of the schemas (RFC 7643 section 8.7) and of the messages (RFC 7644 section 3) that we read.
const (
	userURN       = "urn:ietf:params:scim:schemas:core:2.0:User"
	groupURN      = "urn:ietf:params:scim:schemas:core:2.0:Group"
	enterpriseURN = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
	patchURN      = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
)

// kind is a resource type as the rest of the package sees it.
type kind struct {
	path       string // of its endpoint
	urn        string
	schema     schema.Schema
	extensions map[string]schema.Schema
	ignored    []string // attributes of RFC 7643 that we do not keep: writing them is no error, and does nothing
}

var (
	userKind = kind{path: "Users", urn: userURN, schema: readSchema("user.json"),
		extensions: map[string]schema.Schema{enterpriseURN: readSchema("enterprise.json")},
		ignored:    []string{"addresses", "ims", "photos", "profileUrl", "x509Certificates"}}
	groupKind = kind{path: "Groups", urn: groupURN, schema: readSchema("group.json")}
)

func readSchema(name string) (s schema.Schema) {
	text, err := schemaFiles.ReadFile("schemas/" + name)
	if err == nil {
		err = json.Unmarshal(text, &s)
	}
	if err != nil {
		panic(err) // unreachable: the file is a part of the program, and a test reads it
	}
	return s
}

// attribute finds an attribute by a name in any case, as RFC 7643 section 2.1 wants names compared. The urn is empty or the
// core schema's for the core attributes.
func (k kind) attribute(urn, name string) (schema.CoreAttribute, bool) {
	if urn == "" || strings.EqualFold(urn, k.urn) {
		if strings.EqualFold(name, "externalId") {
			return externalID, true
		}
		return k.schema.Attributes.ContainsAttribute(name)
	}
	if extension, known := k.extension(urn); known {
		return extension.Attributes.ContainsAttribute(name)
	}
	return schema.CoreAttribute{}, false
}

func (k kind) extension(urn string) (schema.Schema, bool) {
	for id, one := range k.extensions {
		if strings.EqualFold(id, urn) {
			return one, true
		}
	}
	return schema.Schema{}, false
}

// externalID is common to all resources, and stands in no schema (RFC 7643 section 3.1).
var externalID = schema.SimpleCoreAttribute(schema.SimpleStringParams(schema.StringParams{Name: "externalId", CaseExact: true}))

// sub finds a sub-attribute.
func sub(attribute schema.CoreAttribute, name string) (schema.CoreAttribute, bool) {
	return attribute.SubAttributes().ContainsAttribute(name)
}
