// What clients write, brought into the form of the standard. Entra speaks two dialects: one of its own, and, with
// ?aadOptscim062020 behind the address, one that is nearly the standard's. Both are read, whichever was announced.
package scim

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"

	scimerrors "github.com/elimity-com/scim/errors"
	"github.com/elimity-com/scim/schema"
	filter "github.com/scim2/filter-parser/v2"
)

// mostOperations bounds the operations of one request, counted after those without a path were split.
const mostOperations = 1000

// errNothing says that every operation was about attributes that are not kept: the resource is answered as it is.
var errNothing = errors.New("nothing to change")

// decode reads a JSON object.
func decode(body []byte) (object map[string]any, err error) {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	if err := decoder.Decode(&object); err != nil || object == nil || decoder.More() {
		return nil, scimerrors.ScimErrorInvalidSyntax
	}
	return object, nil
}

// resource is the body of a POST or PUT in the standard's form.
func (k kind) resource(body []byte) ([]byte, error) {
	object, err := decode(body)
	if err != nil {
		return nil, err
	}
	out := map[string]any{}
	for name, value := range object {
		urn, attribute, part := k.split(name)
		if extension, is := k.extension(name); is {
			inner, is := value.(map[string]any)
			if !is {
				continue
			}
			for name, value := range inner {
				if attribute, known := extension.Attributes.ContainsAttribute(name); known {
					put(out, extension.ID, attribute.Name(), tidyValue(attribute, value))
				}
			}
			continue
		}
		known, is := k.attribute(urn, attribute)
		switch {
		case is && part == "" && urn == "" && out[known.Name()] != nil:
			return nil, scimerrors.ScimErrorInvalidSyntax // the same attribute twice, in another case
		case is && part == "":
			put(out, k.home(urn), known.Name(), tidyValue(known, value))
		}
	}
	out["schemas"] = k.schemas(object, out)
	return json.Marshal(out)
}

// schemas are the ids that the library demands, if the client named the resource's own. Others are ignored: Entra writes one
// of its own into every group.
func (k kind) schemas(object, out map[string]any) any {
	for _, id := range list(valueOf(object, "schemas")) {
		if text, is := id.(string); is && strings.EqualFold(text, k.urn) {
			ids := []any{k.urn}
			for id := range k.extensions {
				if out[id] != nil {
					ids = append(ids, id)
				}
			}
			return ids
		}
	}
	return []any{}
}

// home is where an attribute stands in a resource: the id of its extension, or empty.
func (k kind) home(urn string) string {
	extension, _ := k.extension(urn)
	return extension.ID
}

func put(out map[string]any, home, name string, value any) {
	if value == nil {
		return
	}
	if home != "" {
		inner, is := out[home].(map[string]any)
		if !is {
			inner = map[string]any{}
			out[home] = inner
		}
		out = inner
	}
	out[name] = value
}

// split takes a key such as name.givenName, or urn:…:User:department, apart.
func (k kind) split(key string) (urn, attribute, part string) {
	if strings.HasPrefix(strings.ToLower(key), "urn:") {
		end := strings.LastIndexByte(key, ':')
		for id := range k.extensions { // 2.0 has a dot, which splits nothing
			if len(key) > len(id) && strings.EqualFold(key[:len(id)], id) && key[len(id)] == ':' {
				end = len(id)
			}
		}
		if len(key) > len(k.urn) && strings.EqualFold(key[:len(k.urn)], k.urn) && key[len(k.urn)] == ':' {
			end = len(k.urn)
		}
		urn, key = key[:end], key[end+1:]
		if strings.EqualFold(urn, k.urn) {
			urn = ""
		}
	}
	attribute, part, _ = strings.Cut(key, ".")
	return urn, attribute, part
}

// tidyValue brings the value of an attribute into the type that its schema names: "True" becomes true, a manager that is a
// plain string an object, one value of many a list. What is null, or has nothing in it, is not there.
func tidyValue(attribute schema.CoreAttribute, value any) any {
	if attribute.MultiValued() {
		all := []any{}
		for _, element := range list(value) {
			if element = tidyOne(attribute, element); element != nil {
				all = append(all, element)
			}
		}
		return all
	}
	return tidyOne(attribute, value)
}

func tidyOne(attribute schema.CoreAttribute, value any) any {
	if several, is := value.([]any); is && len(several) == 1 && !attribute.MultiValued() {
		value = several[0]
	}
	text, isText := value.(string)
	object, isObject := value.(map[string]any)
	switch {
	case isText && attribute.AttributeType() == "boolean":
		if strings.EqualFold(text, "true") || strings.EqualFold(text, "false") {
			return strings.EqualFold(text, "true")
		}
	case isText && attribute.HasSubAttributes():
		if text == "" {
			return nil
		}
		return map[string]any{"value": text}
	case isObject && attribute.HasSubAttributes():
		out := map[string]any{}
		for name, value := range object {
			inner, known := sub(attribute, name)
			if known && inner.Mutability() != "readOnly" {
				if value = tidyOne(inner, value); value != nil {
					out[inner.Name()] = value
				}
			}
		}
		return out
	}
	return value
}

// operation is one of a PATCH, as it is handed to the library.
type operation struct {
	Op    string `json:"op"`
	Path  string `json:"path,omitempty"`
	Value any    `json:"value,omitempty"`
}

// patch is the body of a PATCH in the standard's form: operations in small letters, each with a path. Its error is errNothing
// if no operation is left.
func (k kind) patch(body []byte) ([]byte, error) {
	object, err := decode(body)
	if err != nil {
		return nil, err
	}
	named := func(id any) bool { text, is := id.(string); return is && strings.EqualFold(text, patchURN) }
	if !slices.ContainsFunc(list(valueOf(object, "schemas")), named) {
		return nil, scimerrors.ScimErrorInvalidSyntax
	}
	given, _ := valueOf(object, "Operations").([]any)
	if len(given) == 0 || len(given) > mostOperations {
		return nil, scimerrors.ScimErrorInvalidSyntax
	}
	operations := []operation{}
	for _, one := range given {
		raw, is := one.(map[string]any)
		if !is {
			return nil, scimerrors.ScimErrorInvalidSyntax
		}
		some, err := k.operations(raw)
		if err != nil {
			return nil, err
		}
		if operations = append(operations, some...); len(operations) > mostOperations {
			return nil, scimerrors.ScimErrorTooMany
		}
	}
	if len(operations) == 0 {
		return nil, errNothing
	}
	return json.Marshal(map[string]any{"schemas": []string{patchURN}, "Operations": operations})
}

// operations are what one operation of a client comes to.
func (k kind) operations(raw map[string]any) ([]operation, error) {
	op, _ := valueOf(raw, "op").(string)
	path, _ := valueOf(raw, "path").(string)
	op, path = strings.ToLower(strings.TrimSpace(op)), strings.TrimSpace(path)
	value := valueOf(raw, "value")
	if err := checkDepth(path); err != nil {
		return nil, scimerrors.ScimErrorInvalidPath
	}
	extension, whole := k.extension(path)
	switch {
	case op != "add" && op != "replace" && op != "remove":
		return nil, scimerrors.ScimErrorInvalidSyntax
	case path == "" && op == "remove":
		return nil, scimerrors.ScimErrorNoTarget
	case path != "" && !whole:
		return k.withPath(op, path, value)
	case whole && op == "remove":
		return k.removeAll(extension), nil
	}
	object, is := value.(map[string]any)
	if !is {
		return nil, scimerrors.ScimErrorInvalidValue
	}
	return k.withoutPath(op, extension.ID, object)
}

func (k kind) removeAll(extension schema.Schema) (all []operation) {
	for _, attribute := range extension.Attributes {
		all = append(all, operation{Op: "remove", Path: extension.ID + ":" + attribute.Name()})
	}
	return all
}

// withoutPath splits an operation on the whole resource, or on an extension, into one for each attribute. Attributes that we
// do not know are ignored there, as in a POST; roles and passwords are among them, on purpose (threat T82).
func (k kind) withoutPath(op, home string, object map[string]any) (all []operation, err error) {
	for _, name := range slices.Sorted(maps.Keys(object)) {
		if extension, is := k.extension(name); is && home == "" {
			inner, is := object[name].(map[string]any)
			if !is {
				return nil, scimerrors.ScimErrorInvalidValue
			}
			some, err := k.withoutPath(op, extension.ID, inner)
			if err != nil {
				return nil, err
			}
			all = append(all, some...)
			continue
		}
		path := name
		if home != "" {
			path = home + ":" + name
		}
		urn, attribute, _ := k.split(path)
		if _, known := k.attribute(urn, attributeOf(attribute)); !known {
			continue
		}
		some, err := k.withPath(op, path, object[name])
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	return all, nil
}

// attributeOf is the attribute of a path without its value filter.
func attributeOf(path string) string {
	name, _, _ := strings.Cut(path, "[")
	return name
}

// withPath brings the value of an operation with a path into the type of what the path names.
func (k kind) withPath(op, text string, value any) ([]operation, error) {
	urn, first, _ := k.split(text)
	if slices.ContainsFunc(k.ignored, func(name string) bool { return urn == "" && strings.EqualFold(name, attributeOf(first)) }) {
		return nil, nil
	}
	if urn != "" && k.home(urn) == "" {
		return nil, nil // another schema's
	}
	path, err := filter.ParsePath([]byte(text))
	if err != nil {
		return nil, scimerrors.ScimErrorInvalidPath
	}
	if strings.EqualFold(path.AttributePath.URI(), k.urn) {
		path.AttributePath.URIPrefix = nil
		text = text[len(k.urn)+1:]
	}
	switch strings.ToLower(path.AttributePath.AttributeName) {
	case "id", "meta", "schemas", "groups":
		if path.AttributePath.URI() == "" {
			return nil, scimerrors.ScimErrorMutability
		}
	}
	target, known := k.attribute(path.AttributePath.URI(), path.AttributePath.AttributeName)
	if !known {
		return nil, scimerrors.ScimErrorInvalidPath
	}
	attribute := target
	if part := path.AttributePath.SubAttributeName() + path.SubAttributeName(); part != "" {
		if target, known = sub(attribute, part); !known {
			return nil, scimerrors.ScimErrorInvalidPath
		}
	}
	asList := attribute.MultiValued() && target.Name() == attribute.Name() && path.ValueExpression == nil
	given := value != nil
	if asList {
		value = tidyValue(target, value)
	} else {
		value = tidyOne(target, value)
	}
	empty := len(list(value)) == 0
	switch {
	case asList && empty && (op == "add" || op == "remove" && given):
		return nil, nil // adding nobody, or taking nobody out, which is not taking everybody out
	case op == "remove" && asList && given:
		return []operation{{op, text, value}}, nil
	case op == "remove" || empty: // null is "not assigned" (RFC 7643 section 2.5)
		return []operation{{Op: "remove", Path: text}}, nil
	}
	return []operation{{op, text, value}}, nil
}
