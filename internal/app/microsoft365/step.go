// What each kind of step asks of Graph. Every one can be done twice.
package microsoft365

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"woggle/internal/app/microsoft365/graph"
)

// carryOut does steps that are all of one kind. Its error is that Microsoft could not be asked.
func (r *run) carryOut(ctx context.Context, all []outcome) ([]outcome, error) {
	var err error
	switch all[0].step.Kind {
	case Disable:
		if err = r.patch(ctx, all, func(Step) any { return map[string]any{"accountEnabled": false} }); err == nil {
			// Only then: who is signed out while the account is on signs in again.
			err = r.each(ctx, all, func(o outcome) graph.Request {
				return graph.Request{Method: http.MethodPost, Path: userPath(o.account.Object) + "/revokeSignInSessions", Again: true}
			})
		}
	case Enable:
		err = r.patch(ctx, all, func(Step) any { return map[string]any{"accountEnabled": true} })
		for i := range all {
			if all[i].err == nil {
				all[i].account.DisabledAt = time.Time{}
			}
		}
	case GiveID:
		err = r.patch(ctx, all, func(s Step) any { return map[string]any{"onPremisesImmutableId": s.Data.ImmutableID} })
		for i := range all {
			if all[i].err == nil {
				all[i].account.ImmutableID = all[i].step.Data.ImmutableID
			}
		}
	case Create:
		err = r.create(ctx, all)
	case GiveLicence:
		err = r.license(ctx, all)
	default:
		err = fmt.Errorf("there is no step %q", all[0].step.Kind)
	}
	return all, err
}

func userPath(id string) string { return "/v1.0/users/" + url.PathEscape(id) }

// each makes a request for everybody of whom nothing failed yet.
func (r *run) each(ctx context.Context, all []outcome, request func(outcome) graph.Request) error {
	var requests []graph.Request
	var places []int
	for i, o := range all {
		if o.err == nil {
			requests, places = append(requests, request(o)), append(places, i)
		}
	}
	if len(requests) == 0 {
		return nil
	}
	results, err := r.client.Batch(ctx, requests)
	if err != nil {
		return err
	}
	for i, result := range results {
		all[places[i]].err = result.Err
	}
	return nil
}

func (r *run) patch(ctx context.Context, all []outcome, body func(Step) any) error {
	return r.each(ctx, all, func(o outcome) graph.Request {
		return graph.Request{Method: http.MethodPatch, Path: userPath(o.account.Object), Body: body(o.step)}
	})
}

// license gives the country first, without which Microsoft refuses, then the licences. An account that was made a moment ago
// may not be found everywhere yet.
func (r *run) license(ctx context.Context, all []outcome) error {
	var without []outcome
	var places []int
	for i, o := range all {
		if o.step.Data.Location != "" {
			without, places = append(without, o), append(places, i)
		}
	}
	err := r.patch(ctx, without, func(s Step) any { return map[string]any{"usageLocation": s.Data.Location} })
	if err != nil {
		return err
	}
	for i, place := range places {
		all[place].err = without[i].err
	}
	return r.each(ctx, all, func(o outcome) graph.Request {
		add := []any{}
		for _, sku := range o.step.Data.Licences {
			add = append(add, map[string]any{"skuId": sku, "disabledPlans": []string{}})
		}
		return graph.Request{Method: http.MethodPost, Path: userPath(o.account.Object) + "/assignLicense", Again: true, New: o.step.Data.Object == "",
			Body: map[string]any{"addLicenses": add, "removeLicenses": []string{}}}
	})
}

// created is an account as its creation or a search for it shows it.
type created struct {
	ID          string `json:"id"`
	UPN         string `json:"userPrincipalName"`
	ImmutableID string `json:"onPremisesImmutableId"`
}

const createdSelection = "?$select=id,userPrincipalName,onPremisesImmutableId"

// create makes accounts. It looks for each by its immutable id first: a try before this one may have made it, and died.
func (r *run) create(ctx context.Context, all []outcome) error {
	var lookups []graph.Request
	for _, o := range all {
		filter := "onPremisesImmutableId eq '" + strings.ReplaceAll(o.step.Data.ImmutableID, "'", "''") + "'"
		lookups = append(lookups, graph.Request{Method: http.MethodGet, Path: "/v1.0/users" + createdSelection + "&$filter=" + url.QueryEscape(filter)})
	}
	results, err := r.client.Batch(ctx, lookups)
	if err != nil {
		return err
	}
	var requests []graph.Request
	var places []int
	for i, result := range results {
		var found struct{ Value []created }
		switch err := result.Read(&found); {
		case err != nil:
			all[i].err = err
		case len(found.Value) > 0:
			all[i].adopt(found.Value[0])
		default:
			requests, places = append(requests, graph.Request{Method: http.MethodPost, Path: "/v1.0/users", Body: newPerson(all[i].step)}), append(places, i)
		}
	}
	if len(requests) == 0 {
		return nil
	}
	if results, err = r.client.Batch(ctx, requests); err != nil {
		return err
	}
	for i, result := range results {
		var made created
		if err := result.Read(&made); err != nil {
			if err := r.already(ctx, &all[places[i]], err); err != nil {
				return err
			}
			continue
		}
		all[places[i]].adopt(made)
	}
	return nil
}

// already looks into a creation that was refused: the account may be there, made by a try whose answer was lost, and only the search may be
// late to know it.
func (r *run) already(ctx context.Context, o *outcome, refusal error) error {
	o.err = refusal
	var refused *graph.Error
	if !errors.As(refusal, &refused) || !strings.Contains(refused.Message, "already exists") {
		return nil
	}
	var there created
	err := r.client.Do(ctx, graph.Request{Method: http.MethodGet, Path: userPath(o.step.UPN) + createdSelection, New: true}, &there)
	switch {
	case err == nil && there.ImmutableID == o.step.Data.ImmutableID:
		o.err = nil
		o.adopt(there)
	case err == nil:
		o.err = fmt.Errorf("there is an account %s already; if it is this person's: woggle microsoft365 match", o.step.UPN)
	case errors.As(err, &refused):
	default:
		return err
	}
	return nil
}

func (o *outcome) adopt(made created) {
	// What a creation answers does not name the immutable id; it is the one that was asked for, or none was made.
	o.account.Object, o.account.UPN, o.account.ImmutableID, o.account.By = made.ID, made.UPN, o.step.Data.ImmutableID, Made
	if made.ID == "" {
		o.err = errors.New("the account was made, and Microsoft did not say its id; it is looked for when you go on")
	}
}

// newPerson is the body that makes an account. Its password is known to nobody: people sign in here.
func newPerson(s Step) map[string]any {
	body := map[string]any{"accountEnabled": true, "displayName": s.Data.DisplayName, "mailNickname": s.Data.Nickname, "userPrincipalName": s.UPN,
		"onPremisesImmutableId": s.Data.ImmutableID, "usageLocation": s.Data.Location,
		"passwordProfile": map[string]any{"password": "Wg-" + rand.Text(), "forceChangePasswordNextSignIn": false}}
	// Microsoft takes no empty texts.
	for name, value := range map[string]string{"givenName": s.Data.GivenName, "surname": s.Data.FamilyName} {
		if value != "" {
			body[name] = value
		}
	}
	if s.Data.Email != "" {
		body["otherMails"] = []string{s.Data.Email}
	}
	return body
}
