// Which attributes a client wants to read (RFC 7644 section 3.9).
package scim

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/elimity-com/scim"
	"github.com/elimity-com/scim/optional"
)

// wants tells whether an attribute is to be read.
func wants(r *http.Request, name string) bool {
	only, without := named(r, "attributes"), named(r, "excludedAttributes")
	has := func(all []string) bool {
		return slices.ContainsFunc(all, func(one string) bool {
			return strings.EqualFold(one, name) || len(one) > len(name) && strings.EqualFold(one[:len(name)+1], name+".")
		})
	}
	if len(only) > 0 {
		return has(only)
	}
	return !slices.ContainsFunc(without, func(one string) bool { return strings.EqualFold(one, name) })
}

// named are the attributes in a parameter of the query, without the core schemas' prefixes.
func named(r *http.Request, parameter string) (all []string) {
	for _, value := range r.URL.Query()[parameter] {
		for one := range strings.SplitSeq(value, ",") {
			if one = strings.TrimSpace(one); one == "" {
				continue
			}
			for _, urn := range []string{userURN + ":", groupURN + ":"} {
				if len(one) > len(urn) && strings.EqualFold(one[:len(urn)], urn) {
					one = one[len(urn):]
				}
			}
			all = append(all, one)
		}
	}
	return all
}

// project leaves out of a resource what the client does not want to read. The id and the schemas always stay.
func project(r *http.Request, resource scim.Resource) scim.Resource {
	only, without := named(r, "attributes"), named(r, "excludedAttributes")
	if resource.Attributes == nil || len(only)+len(without) == 0 {
		return resource
	}
	all := map[string]any{}
	for name, value := range resource.Attributes {
		if wants(r, name) {
			all[name] = part(name, value, only, without)
			continue
		}
		if inner, is := value.(map[string]any); is && strings.HasPrefix(name, "urn:") && len(only) > 0 {
			if some := part(name, inner, only, nil).(map[string]any); len(some) < len(inner) && len(some) > 0 {
				all[name] = some
			}
		}
	}
	resource.Attributes = all
	if !wants(r, "externalId") {
		resource.ExternalID = optional.String{}
	}
	return resource
}

// part is the value of an attribute with those parts that are wanted.
func part(name string, value any, only, without []string) any {
	if several, is := value.([]any); is {
		all := make([]any, len(several))
		for i, one := range several {
			all[i] = part(name, one, only, without)
		}
		return all
	}
	object, is := value.(map[string]any)
	if !is || slices.ContainsFunc(only, func(one string) bool { return strings.EqualFold(one, name) }) {
		return value
	}
	within := func(all []string, part string) bool {
		return slices.ContainsFunc(all, func(one string) bool {
			return strings.EqualFold(one, name+"."+part) || strings.EqualFold(one, name+":"+part)
		})
	}
	kept := map[string]any{}
	for part, value := range object {
		if len(only) > 0 && within(only, part) || len(only) == 0 && !within(without, part) {
			kept[part] = value
		}
	}
	return kept
}

// seconds is a wait as the header Retry-After wants it (RFC 9110 section 10.2.3).
func seconds(wait time.Duration) string {
	return strconv.Itoa(max(1, int((wait+time.Second-1)/time.Second)))
}
