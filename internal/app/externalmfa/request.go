// What Entra asks: the form that the browser posts.
package externalmfa

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"

	"github.com/google/uuid"

	"woggle/internal/problem"
)

// Bounds of the parameters. Entra's own are far below.
const (
	stateSize  = 8 << 10
	nonceSize  = 1 << 10
	claimsSize = 8 << 10
	valuesMost = 64
)

// question is one request, as its row keeps it.
type question struct {
	Redirect string   `json:"redirect"`
	State    string   `json:"state,omitempty"`
	Nonce    string   `json:"nonce"`
	ACR      string   `json:"acr"`          // of the answer
	AMR      []string `json:"amr"`          // one of these goes into the answer
	Request  string   `json:"id,omitempty"` // client-request-id, for the log
	Hint     hint     `json:"hint"`         // who signs in
}

// refusal is an error that goes back to Entra (RFC 6749 section 4.1.2.1, OpenID Connect Core section 3.1.2.6).
type refusal struct{ Code, Description string }

// The refusals. Their descriptions are for whoever reads Entra's log.
var (
	refusedUnreachable = &refusal{"temporarily_unavailable", "the signing keys of Microsoft Entra cannot be fetched"}
	refusedHint        = &refusal{"invalid_request", "id_token_hint is not valid for this client; the log of the provider says why"}
	refusedMethods     = &refusal{"access_denied", "no method here meets the acr and amr values that are asked for"}
	refusedPerson      = &refusal{"access_denied", "the person is not known here"}
	refusedLate        = &refusal{"access_denied", "the person took too long"}
	refusedProof       = &refusal{"access_denied", "the person did not prove a second factor"}
)

func invalid(description string) *refusal { return &refusal{"invalid_request", description} }

// parameters are all that we look at. Each may stand once (RFC 6749 section 3.1); whatever else is there is ignored.
var parameters = []string{"scope", "response_type", "response_mode", "client_id", "redirect_uri", "nonce", "state", "id_token_hint", "claims"}

// prove proves that a connection asks, and that the answer may go where the form says: to the one address of its cloud,
// compared byte for byte. Its errors are for a page.
func prove(form url.Values, c Connection, known bool, clouds []Cloud) (Cloud, error) {
	at := slices.IndexFunc(clouds, func(cloud Cloud) bool { return cloud.Name == c.Cloud })
	switch {
	case !known || at < 0 || len(form["client_id"]) != 1:
		return Cloud{}, problem.New(problem.Malformed, "externalmfa.unknown-client")
	case len(form["redirect_uri"]) != 1 || form.Get("redirect_uri") != clouds[at].Redirect:
		return Cloud{}, problem.New(problem.Malformed, "externalmfa.unknown-address")
	}
	return clouds[at], nil
}

// readQuestion reads the form of a connection that is proven. The hint is read apart. The question is filled as far as an
// error has to go back.
func readQuestion(form url.Values) (question, *refusal) {
	q := question{Redirect: form.Get("redirect_uri"), State: form.Get("state"), Nonce: form.Get("nonce")}
	if id, err := uuid.Parse(form.Get("client-request-id")); err == nil {
		q.Request = id.String()
	}
	if len(q.State) > stateSize || len(form["state"]) > 1 {
		q.State = ""
		return q, invalid("state stands twice, or is too long")
	}
	for _, name := range parameters {
		if len(form[name]) > 1 {
			return q, invalid(name + " stands twice")
		}
	}
	switch {
	case !strings.EqualFold(form.Get("response_type"), "id_token"): // Microsoft's own text writes Id_token
		return q, &refusal{"unsupported_response_type", "response_type has to be id_token"}
	case form.Get("response_mode") != "form_post":
		return q, invalid("response_mode has to be form_post")
	case !slices.Contains(strings.Fields(form.Get("scope")), "openid"):
		return q, &refusal{"invalid_scope", "scope has to hold openid"}
	case q.Nonce == "" || len(q.Nonce) > nonceSize:
		return q, invalid("nonce is missing, or too long")
	case form.Get("id_token_hint") == "":
		return q, invalid("id_token_hint is missing")
	}
	acr, amr, err := readClaims(form.Get("claims"))
	if err != nil {
		return q, err
	}
	q.ACR, q.AMR = chooseACR(acr), amr
	if q.ACR == "" || len(kindsFor(q.AMR)) == 0 {
		return q, refusedMethods // nobody is asked for what would not do
	}
	return q, nil
}

// claimsWanted is the claims parameter (OpenID Connect Core section 5.5) as far as the profile goes.
type claimsWanted struct {
	IDToken struct {
		ACR wanted `json:"acr"`
		AMR wanted `json:"amr"`
	} `json:"id_token"`
}

type wanted struct {
	Value  string   `json:"value"`
	Values []string `json:"values"`
}

func (w wanted) all() []string {
	if w.Value != "" {
		return append(w.Values, w.Value)
	}
	return w.Values
}

func readClaims(text string) (acr, amr []string, refused *refusal) {
	if text == "" || len(text) > claimsSize {
		return nil, nil, invalid("claims is missing, or too long")
	}
	var c claimsWanted
	if err := json.Unmarshal([]byte(text), &c); err != nil {
		return nil, nil, invalid("claims cannot be read")
	}
	acr, amr = c.IDToken.ACR.all(), c.IDToken.AMR.all()
	if len(acr) == 0 || len(amr) == 0 || len(acr) > valuesMost || len(amr) > valuesMost {
		return nil, nil, invalid("claims does not ask for acr and amr of the id_token")
	}
	return acr, amr, nil
}

// isGUID tells whether the text is a GUID as Entra writes it: lower case, with dashes.
func isGUID(text string) bool {
	id, err := uuid.Parse(text)
	return err == nil && id.String() == text
}
