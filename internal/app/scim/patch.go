// Changes to a resource (RFC 7644 section 3.5.2), applied to its document.
package scim

import (
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/elimity-com/scim"
	scimerrors "github.com/elimity-com/scim/errors"
	"github.com/elimity-com/scim/schema"
	filter "github.com/scim2/filter-parser/v2"
)

// apply makes one change to the document. The operation was validated by the library: names are known, values have the
// right types, and every operation has a path, because normalise has split those that had none.
func (k kind) apply(document map[string]any, op scim.PatchOperation) error {
	if op.Path == nil {
		return scimerrors.ScimErrorNoTarget
	}
	urn := op.Path.AttributePath.URI()
	attribute, known := k.attribute(urn, op.Path.AttributePath.AttributeName)
	if !known {
		return scimerrors.ScimErrorInvalidPath
	}
	home := document
	if extension, is := k.extension(urn); is {
		if home, is = document[extension.ID].(map[string]any); !is {
			home = map[string]any{}
			document[extension.ID] = home
		}
	}
	part := op.Path.AttributePath.SubAttributeName()
	if part == "" {
		part = op.Path.SubAttributeName()
	}
	if part != "" {
		inner, known := sub(attribute, part)
		if !known {
			return scimerrors.ScimErrorInvalidPath
		}
		part = inner.Name()
	}
	var err error
	switch {
	case op.Path.ValueExpression != nil:
		err = changeSelected(home, attribute, op, part)
	case attribute.MultiValued() && part != "":
		err = changeEach(home, attribute, op, part)
	case attribute.MultiValued():
		changeList(home, attribute.Name(), op)
	case part != "":
		changePart(home, attribute.Name(), op, part)
	default:
		changeValue(home, attribute, op)
	}
	return err
}

// tidy leaves out what has no value, once all operations of a request are done: one may give the value to what another made.
func (k kind) tidy(document map[string]any) {
	for _, attribute := range k.schema.Attributes {
		if attribute.MultiValued() {
			tidyList(document, attribute.Name())
		}
	}
	for id := range k.extensions {
		if extension, is := document[id].(map[string]any); is && len(extension) == 0 {
			delete(document, id)
		}
	}
}

// changeSelected changes the elements that a value filter selects. Where it selects none, add and replace make one that it
// would select, as Entra expects of emails[type eq "work"].value.
func changeSelected(home map[string]any, attribute schema.CoreAttribute, op scim.PatchOperation, part string) error {
	name := attribute.Name()
	var kept []any
	selected := 0
	if makesPrimary(op, part) {
		for _, element := range list(home[name]) {
			if one, is := element.(map[string]any); is && one["primary"] == true {
				one["primary"] = false
			}
		}
	}
	for _, element := range list(home[name]) {
		one, is := element.(map[string]any)
		if !is || !elementPasses(attribute, one, op.Path.ValueExpression) {
			kept = append(kept, element)
			continue
		}
		selected++
		if op.Op == scim.PatchOperationRemove && part == "" {
			continue
		}
		kept = append(kept, changed(one, op, part))
	}
	if selected == 0 && op.Op != scim.PatchOperationRemove {
		one := map[string]any{}
		if !selectable(attribute, op.Path.ValueExpression, one) {
			return scimerrors.ScimErrorNoTarget
		}
		kept = append(kept, changed(one, op, part))
	}
	home[name] = kept
	return nil
}

// makesPrimary tells whether the operation chooses the primary element, of which there is one (RFC 7643 section 2.4).
func makesPrimary(op scim.PatchOperation, part string) bool {
	value, _ := op.Value.(map[string]any)
	return op.Op != scim.PatchOperationRemove && (part == "primary" && op.Value == true || part == "" && value["primary"] == true)
}

// selectable makes element one that the filter selects, which can be done for equalities joined by and.
func selectable(attribute schema.CoreAttribute, e filter.Expression, element map[string]any) bool {
	switch e := e.(type) {
	case *filter.AttributeExpression:
		inner, known := sub(attribute, e.AttributePath.AttributeName)
		if !known || e.Operator != filter.EQ {
			return false
		}
		element[inner.Name()] = e.CompareValue
		return true
	case *filter.LogicalExpression:
		return e.Operator == filter.AND && selectable(attribute, e.Left, element) && selectable(attribute, e.Right, element)
	}
	return false
}

// changed is a copy of one element with the change made to it.
func changed(element map[string]any, op scim.PatchOperation, part string) map[string]any {
	element = maps.Clone(element)
	switch value, complex := op.Value.(map[string]any); {
	case op.Op == scim.PatchOperationRemove:
		delete(element, part)
	case part != "":
		element[part] = op.Value
	case complex:
		maps.Copy(element, value)
	}
	return element
}

// changeEach changes one part of every element.
func changeEach(home map[string]any, attribute schema.CoreAttribute, op scim.PatchOperation, part string) error {
	elements := list(home[attribute.Name()])
	if len(elements) == 0 && op.Op != scim.PatchOperationRemove {
		elements = []any{map[string]any{}}
	}
	var all []any
	for _, element := range elements {
		if one, is := element.(map[string]any); is {
			all = append(all, changed(one, op, part))
		}
	}
	home[attribute.Name()] = all
	return nil
}

// changeList changes a multi-valued attribute as a whole. A remove that brings values removes those and no others: Entra
// takes people out of groups in this way, and taking it for "remove all" would empty the group.
func changeList(home map[string]any, name string, op scim.PatchOperation) {
	values := list(op.Value)
	present := slices.Clone(list(home[name]))
	switch op.Op {
	case scim.PatchOperationReplace:
		present = values
	case scim.PatchOperationAdd:
		for _, value := range values {
			if !slices.ContainsFunc(present, func(other any) bool { return same(value, other) }) {
				present = append(present, value)
			}
		}
	case scim.PatchOperationRemove:
		if op.Value == nil {
			present = nil
		}
		for _, value := range values {
			present = slices.DeleteFunc(present, func(other any) bool { return same(value, other) })
		}
	}
	home[name] = present
}

// same tells whether two elements are one: they have the same value, and the same type where both have one.
func same(a, b any) bool {
	one, isOne := a.(map[string]any)
	other, isOther := b.(map[string]any)
	if !isOne || !isOther || one["value"] == nil {
		return reflect.DeepEqual(a, b)
	}
	return one["value"] == other["value"] && (one["type"] == nil || other["type"] == nil || one["type"] == other["type"])
}

func changePart(home map[string]any, name string, op scim.PatchOperation, part string) {
	element, _ := home[name].(map[string]any)
	if element = changed(element, op, part); len(element) == 0 {
		delete(home, name)
		return
	}
	home[name] = element
}

// changeValue changes a single value. Of a complex one, add and replace set the parts that they bring.
func changeValue(home map[string]any, attribute schema.CoreAttribute, op scim.PatchOperation) {
	name := attribute.Name()
	switch value, complex := op.Value.(map[string]any); {
	case op.Op == scim.PatchOperationRemove:
		delete(home, name)
	case complex && attribute.HasSubAttributes():
		before, _ := home[name].(map[string]any)
		after := maps.Clone(before)
		if after == nil {
			after = map[string]any{}
		}
		maps.Copy(after, value)
		home[name] = after
	default:
		home[name] = op.Value
	}
}

// tidyList leaves out the elements without a value, and lets the last of those that say so be the primary one.
func tidyList(home map[string]any, name string) {
	var kept []any
	primary := false
	for _, element := range slices.Backward(list(home[name])) {
		one, is := element.(map[string]any)
		if value, _ := one["value"].(string); !is || strings.TrimSpace(value) == "" {
			continue
		}
		if one["primary"] == true {
			if primary {
				one = maps.Clone(one)
				one["primary"] = false
			}
			primary = true
		}
		kept = append(kept, one)
	}
	slices.Reverse(kept)
	if home[name] = kept; len(kept) == 0 {
		delete(home, name)
	}
}
