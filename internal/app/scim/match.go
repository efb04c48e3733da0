// What a filter finds: keys to look up, and the comparison with what was found.
package scim

import (
	"strings"
	"time"

	"github.com/elimity-com/scim/schema"
	filter "github.com/scim2/filter-parser/v2"
)

// key is a value under which resources can be found without reading all of them.
type key struct{ attribute, value string }

// keys are what can be looked up to find everything that may pass the filter; none if only reading all would.
func (k kind) keys(e filter.Expression) []key {
	switch e := e.(type) {
	case *filter.AttributeExpression:
		value, is := e.CompareValue.(string)
		name := strings.ToLower(e.AttributePath.AttributeName)
		if part := e.AttributePath.SubAttributeName(); part != "" && !strings.EqualFold(part, "value") {
			return nil
		}
		if uri := e.AttributePath.URI(); !is || e.Operator != filter.EQ || uri != "" && !strings.EqualFold(uri, k.urn) {
			return nil
		}
		for _, known := range k.lookups() {
			if strings.EqualFold(known, name) {
				return []key{{known, value}}
			}
		}
	case *filter.ValuePath:
		if strings.EqualFold(e.AttributePath.AttributeName, "emails") || strings.EqualFold(e.AttributePath.AttributeName, "members") {
			return k.within(e.AttributePath.AttributeName, e.ValueFilter)
		}
	case *filter.LogicalExpression:
		left, right := k.keys(e.Left), k.keys(e.Right)
		return together(e.Operator, left, right)
	}
	return nil
}

// within are the keys of a filter on the values of one attribute.
func (k kind) within(attribute string, e filter.Expression) []key {
	switch e := e.(type) {
	case *filter.AttributeExpression:
		if value, is := e.CompareValue.(string); is && e.Operator == filter.EQ && strings.EqualFold(e.AttributePath.AttributeName, "value") {
			return []key{{strings.ToLower(attribute), value}}
		}
	case *filter.LogicalExpression:
		return together(e.Operator, k.within(attribute, e.Left), k.within(attribute, e.Right))
	}
	return nil
}

func together(operator filter.LogicalOperator, left, right []key) []key {
	switch {
	case operator == filter.OR && (left == nil || right == nil):
		return nil
	case operator == filter.OR:
		return append(left, right...)
	case left == nil || right != nil && left[0].attribute == "emails":
		return right // an address may be many people's
	}
	return left
}

// lookups are the attributes of the resource type that have an index.
func (k kind) lookups() []string {
	if k.path == userKind.path {
		return []string{"id", "externalId", "userName", "emails"}
	}
	return []string{"id", "externalId", "displayName", "members"}
}

// passes tells whether a resource, as a client would read it, passes the filter. Its error names an attribute that is none.
func (k kind) passes(resource map[string]any, e filter.Expression) (bool, error) {
	switch e := e.(type) {
	case *filter.LogicalExpression:
		left, err := k.passes(resource, e.Left)
		if err != nil {
			return false, err
		}
		right, err := k.passes(resource, e.Right)
		if e.Operator == filter.OR {
			return left || right, err
		}
		return left && right, err
	case *filter.NotExpression:
		passed, err := k.passes(resource, e.Expression)
		return !passed, err
	case *filter.ValuePath:
		attribute, known := k.attribute(e.AttributePath.URI(), e.AttributePath.AttributeName)
		if !known {
			return false, errFilter("There is no attribute " + e.AttributePath.String() + ".")
		}
		for _, element := range list(k.read(resource, e.AttributePath.URI(), attribute.Name())) {
			if one, is := element.(map[string]any); is && elementPasses(attribute, one, e.ValueFilter) {
				return true, nil
			}
		}
		return false, nil
	case *filter.AttributeExpression:
		return k.compare(resource, e)
	}
	return false, errFilter("The filter could not be understood.")
}

func (k kind) compare(resource map[string]any, e *filter.AttributeExpression) (bool, error) {
	name, part := e.AttributePath.AttributeName, e.AttributePath.SubAttributeName()
	switch strings.ToLower(name) {
	case "id":
		return holds(resource["id"], e, true), nil
	case "meta":
		meta, _ := resource["meta"].(map[string]any)
		return holds(valueOf(meta, part), e, true), nil
	}
	attribute, known := k.attribute(e.AttributePath.URI(), name)
	if !known {
		return false, errFilter("There is no attribute " + e.AttributePath.String() + ".")
	}
	value := k.read(resource, e.AttributePath.URI(), attribute.Name())
	if !attribute.HasSubAttributes() {
		return holds(value, e, attribute.CaseExact()), nil
	}
	if part == "" {
		part = "value" // RFC 7643 section 2.4: the value of a complex attribute that has several
	}
	inner, known := sub(attribute, part)
	if !known {
		return false, errFilter("There is no attribute " + e.AttributePath.String() + ".")
	}
	for _, element := range list(value) {
		if one, is := element.(map[string]any); is && holds(valueOf(one, inner.Name()), e, inner.CaseExact()) {
			return true, nil
		}
	}
	return e.Operator == filter.NE && len(list(value)) == 0, nil
}

// elementPasses holds one element of a multi-valued attribute against a value filter.
func elementPasses(attribute schema.CoreAttribute, element map[string]any, e filter.Expression) bool {
	switch e := e.(type) {
	case *filter.LogicalExpression:
		left, right := elementPasses(attribute, element, e.Left), elementPasses(attribute, element, e.Right)
		return left && right || e.Operator == filter.OR && (left || right)
	case *filter.NotExpression:
		return !elementPasses(attribute, element, e.Expression)
	case *filter.AttributeExpression:
		inner, known := sub(attribute, e.AttributePath.AttributeName)
		return known && holds(valueOf(element, inner.Name()), e, inner.CaseExact())
	}
	return false
}

// read is the value of an attribute of a resource.
func (k kind) read(resource map[string]any, urn, name string) any {
	if extension, is := k.extension(urn); is {
		resource, _ = resource[extension.ID].(map[string]any)
	}
	return valueOf(resource, name)
}

func valueOf(values map[string]any, name string) any {
	if value, there := values[name]; there {
		return value
	}
	for other, value := range values {
		if strings.EqualFold(other, name) {
			return value
		}
	}
	return nil
}

func list(value any) []any {
	switch value := value.(type) {
	case nil:
		return nil
	case []any:
		return value
	}
	return []any{value}
}

// holds compares one value as the operator says.
func holds(value any, e *filter.AttributeExpression, exact bool) bool {
	if e.Operator == filter.PR {
		return value != nil && value != ""
	}
	text, isText := value.(string)
	wanted, wantsText := e.CompareValue.(string)
	if !isText || !wantsText {
		return e.Operator == filter.EQ && value == e.CompareValue || e.Operator == filter.NE && value != e.CompareValue
	}
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		if other, err := time.Parse(time.RFC3339, wanted); err == nil {
			return ordered(at.Compare(other), e.Operator)
		}
	}
	if !exact {
		text, wanted = strings.ToLower(text), strings.ToLower(wanted)
	}
	switch e.Operator {
	case filter.CO:
		return strings.Contains(text, wanted)
	case filter.SW:
		return strings.HasPrefix(text, wanted)
	case filter.EW:
		return strings.HasSuffix(text, wanted)
	}
	return ordered(strings.Compare(text, wanted), e.Operator)
}

func ordered(order int, operator filter.CompareOperator) bool {
	switch operator {
	case filter.EQ:
		return order == 0
	case filter.NE:
		return order != 0
	case filter.GT:
		return order > 0
	case filter.GE:
		return order >= 0
	case filter.LT:
		return order < 0
	case filter.LE:
		return order <= 0
	}
	return false
}
