// Lists: what a filter finds, or a page of all (RFC 7644 section 3.4.2; cursors: RFC 9865).
package scim

import (
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/elimity-com/scim"
	scimerrors "github.com/elimity-com/scim/errors"

	"woggle/internal/db"
	"woggle/internal/directory"
)

// Bounds of a list.
const (
	pageMax    = 200    // resources
	sharedMax  = 1000   // people with one e-mail address who are looked through
	membersMax = 10_000 // members in a page of groups; the group that passes it is the last one of the page
)

// Get is one person.
func (p people) Get(r *http.Request, id string) (found scim.Resource, err error) {
	err = p.view(r, func(tx *db.Tx) error {
		all, err := p.byIDs(tx, visitOf(r), []string{id})
		if err == nil && len(all) == 0 {
			err = scimerrors.ScimErrorResourceNotFound(id)
		}
		if err == nil {
			found = all[0]
		}
		return err
	})
	return project(r, found), err
}

// GetAll is a page of people.
func (p people) GetAll(r *http.Request, params scim.ListRequestParams) (scim.Page, error) {
	visit := visitOf(r)
	return p.list(r, params, lister{userKind, func(tx *db.Tx, keys []key) ([]scim.Resource, error) {
		return p.byKeys(tx, visit, keys)
	}, func(tx *db.Tx, at page) (all []scim.Resource, total int, err error) {
		if total = at.total; total < 0 {
			if total, err = countLinks(tx, visit.connection.ID); err != nil {
				return nil, 0, err
			}
		}
		ids, err := linkPage(tx, visit.connection.ID, at)
		if err != nil {
			return nil, 0, err
		}
		all, err = p.byIDs(tx, visit, ids)
		return all, total, err
	}})
}

// byIDs are the resources of those of the people whom the connection sees, in the order of their ids.
func (p people) byIDs(tx *db.Tx, visit *visit, ids []string) (all []scim.Resource, err error) {
	kept, err := linksByIDs(tx, visit.connection.ID, ids)
	if err != nil || len(kept) == 0 {
		return nil, err
	}
	users, err := directory.ByIDs(tx, ids)
	if err != nil {
		return nil, err
	}
	told, err := keptDetails(tx)
	if err != nil {
		return nil, err
	}
	slices.Sort(ids)
	for _, id := range slices.Compact(ids) {
		l, isKept := kept[id]
		user, isThere := users[id]
		if !isKept || !isThere {
			continue
		}
		one, err := p.resource(tx, user, l, told)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, nil
}

func (p people) byKeys(tx *db.Tx, visit *visit, keys []key) ([]scim.Resource, error) {
	var ids []string
	for _, k := range keys {
		switch k.attribute {
		case "id":
			ids = append(ids, k.value)
		case "externalId":
			found, err := linkByExternalID(tx, visit.connection.ID, k.value)
			if err != nil {
				return nil, err
			}
			for _, l := range found {
				ids = append(ids, l.id)
			}
		case "userName":
			user, found, err := directory.ByUsername(tx, k.value)
			if err != nil {
				return nil, err
			}
			if found {
				ids = append(ids, user.ID)
			}
		case "emails":
			users, err := directory.ByEmail(tx, k.value, sharedMax+1)
			if err != nil {
				return nil, err
			}
			if len(users) > sharedMax {
				return nil, scimerrors.ScimErrorTooMany
			}
			for _, user := range users {
				ids = append(ids, user.ID)
			}
		}
	}
	return p.byIDs(tx, visit, ids)
}

// Get is one group.
func (g groups) Get(r *http.Request, id string) (found scim.Resource, err error) {
	err = g.view(r, func(tx *db.Tx) error {
		links, err := groupLinks(tx, "connection_id = $1 AND group_id = $2", visitOf(r).connection.ID, id)
		if err != nil {
			return err
		}
		all, err := g.ofLinks(tx, visitOf(r), links, wants(r, "members"))
		if err == nil && len(all) == 0 {
			err = scimerrors.ScimErrorResourceNotFound(id)
		}
		if err == nil {
			found = all[0]
		}
		return err
	})
	return project(r, found), err
}

// GetAll is a page of groups.
func (g groups) GetAll(r *http.Request, params scim.ListRequestParams) (scim.Page, error) {
	visit := visitOf(r)
	return g.list(r, params, lister{groupKind, func(tx *db.Tx, keys []key) ([]scim.Resource, error) {
		return g.byKeys(tx, visit, keys, wants(r, "members") || visit.filter != nil && strings.Contains(strings.ToLower(visit.filterText), "members"))
	}, func(tx *db.Tx, at page) (all []scim.Resource, total int, err error) {
		if total = at.total; total < 0 {
			if total, err = countGroupLinks(tx, visit.connection.ID); err != nil {
				return nil, 0, err
			}
		}
		links, err := groupLinkPage(tx, visit.connection.ID, at)
		if err != nil {
			return nil, 0, err
		}
		all, err = g.ofLinks(tx, visit, links, wants(r, "members"))
		return all, total, err
	}})
}

// ofLinks are the groups' resources. It ends early where they have very many members: a client asks for the next page then.
func (g groups) ofLinks(tx *db.Tx, visit *visit, links []groupLink, withMembers bool) (all []scim.Resource, err error) {
	ids := make([]string, len(links))
	for i, l := range links {
		ids[i] = l.id
	}
	found, err := directory.GroupsByIDs(tx, ids)
	if err != nil {
		return nil, err
	}
	members := 0
	for _, l := range links {
		group, is := found[l.id]
		if !is {
			continue
		}
		one, err := g.resource(tx, visit, group, l, withMembers)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
		if members += len(list(one.Attributes["members"])); members > membersMax {
			break
		}
	}
	return all, nil
}

func (g groups) byKeys(tx *db.Tx, visit *visit, keys []key, withMembers bool) (all []scim.Resource, err error) {
	var links []groupLink
	for _, k := range keys {
		where, value := "", k.value
		switch k.attribute {
		case "id":
			where = "connection_id = $1 AND group_id = $2"
		case "externalId":
			where = "connection_id = $1 AND external_id = $2 AND external_id <> ''"
		case "displayName":
			group, found, err := directory.GroupNamed(tx, k.value)
			if err != nil {
				return nil, err
			}
			if !found {
				continue
			}
			where, value = "connection_id = $1 AND group_id = $2", group.ID
		case "members":
			of, err := directory.GroupsOf(tx, k.value)
			if err != nil {
				return nil, err
			}
			for _, group := range of {
				some, err := groupLinks(tx, "connection_id = $1 AND group_id = $2", visit.connection.ID, group.ID)
				if err != nil {
					return nil, err
				}
				links = append(links, some...)
			}
			continue
		}
		some, err := groupLinks(tx, where, visit.connection.ID, value)
		if err != nil {
			return nil, err
		}
		links = append(links, some...)
	}
	slices.SortFunc(links, func(a, b groupLink) int { return strings.Compare(a.id, b.id) })
	links = slices.CompactFunc(links, func(a, b groupLink) bool { return a.id == b.id })
	return g.ofLinks(tx, visit, links, withMembers)
}

// lister is what the lists of people and of groups differ in.
type lister struct {
	kind   kind
	byKeys func(tx *db.Tx, keys []key) ([]scim.Resource, error)
	page   func(tx *db.Tx, at page) (all []scim.Resource, total int, err error)
}

// list answers a list. A filter must name something that has an index: reading everybody for one answer is refused.
func (s *Server) list(r *http.Request, params scim.ListRequestParams, l lister) (result scim.Page, err error) {
	visit := visitOf(r)
	err = s.view(r, func(tx *db.Tx) error {
		result = scim.Page{Resources: []scim.Resource{}} // an empty list is [], which Entra demands, and not null
		if visit.filter == nil {
			at := page{offset: params.StartIndex - 1, count: params.Count, total: -1}
			if visit.cursor != nil {
				at = page{after: visit.cursor.after, count: params.Count, total: visit.cursor.total}
			}
			found, total, err := l.page(tx, at)
			if err != nil {
				return err
			}
			result.TotalResults = total
			result.Resources = append(result.Resources, found...)
			if visit.cursor != nil && params.Count > 0 && len(found) > 0 {
				visit.next = s.seal(visit, l.kind, cursor{found[len(found)-1].ID, total})
			}
			return nil
		}
		keys := l.kind.keys(visit.filter)
		if keys == nil {
			return badFilter("A filter must compare " + strings.Join(l.kind.lookups(), ", ") + " with eq; other conditions can be joined to it with and.")
		}
		found, err := l.byKeys(tx, keys)
		if err != nil {
			return err
		}
		for _, one := range found {
			passed, err := l.kind.passes(asRead(one), visit.filter)
			if errors.As(err, new(errFilter)) {
				return badFilter(err.Error())
			}
			if err != nil {
				return err
			}
			if passed {
				result.Resources = append(result.Resources, one)
			}
		}
		result.TotalResults = len(result.Resources)
		from := min(params.StartIndex-1, len(result.Resources))
		result.Resources = result.Resources[from:min(from+params.Count, len(result.Resources))]
		return nil
	})
	for i, one := range result.Resources {
		result.Resources[i] = project(r, one)
	}
	return result, err
}

// asRead is the resource as a client would read it, for filters to look at.
func asRead(r scim.Resource) map[string]any {
	all := clone(r.Attributes)
	all["id"] = r.ID
	if r.ExternalID.Present() {
		all["externalId"] = r.ExternalID.Value()
	}
	if r.Meta.Created != nil && r.Meta.LastModified != nil {
		all["meta"] = map[string]any{"created": r.Meta.Created.Format(timeForm), "lastModified": r.Meta.LastModified.Format(timeForm)}
	}
	return all
}

func badFilter(detail string) error {
	e := scimerrors.ScimErrorInvalidFilter
	e.Detail = detail
	return e
}

// cursor is where the next page begins: after an id; and how many resources there were when the list began, so that they are
// counted once. With it goes a fingerprint that binds it to the connection and the list, so that nobody else's, and nothing
// made up, gets into a query (threat T83).
type cursor struct {
	after string
	total int
}

const macBytes = 16

func (s *Server) seal(visit *visit, k kind, c cursor) string {
	text := strconv.Itoa(c.total) + " " + c.after
	mac := s.keys.MAC("scim-cursor", visit.connection.ID, k.path, text)
	return base64.RawURLEncoding.EncodeToString(append(mac[:macBytes:macBytes], text...))
}

// open reads a cursor; the empty one is the first page.
func (s *Server) open(visit *visit, path, sealed string) (c cursor, ok bool) {
	if sealed == "" {
		return cursor{total: -1}, true
	}
	raw, err := base64.RawURLEncoding.DecodeString(sealed)
	if err != nil || len(raw) <= macBytes || len(raw) > macBytes+64 {
		return cursor{}, false
	}
	text := string(raw[macBytes:])
	for _, mac := range s.keys.Lookups("scim-cursor", visit.connection.ID, path, text) {
		if subtle.ConstantTimeCompare(mac[:macBytes], raw[:macBytes]) == 1 {
			total, after, _ := strings.Cut(text, " ")
			n, err := strconv.Atoi(total)
			return cursor{after, n}, err == nil
		}
	}
	return cursor{}, false
}
