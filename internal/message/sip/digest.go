// Telling who we are: digest authentication (RFC 3261 section 22, RFC 8760).

package sip

import (
	"bytes"
	"errors"
	"io"
	"strings"

	"github.com/emiago/sipgo/sip"
	"github.com/icholy/digest"
)

// errRefused is that the trunk knows our name and password, and does not take them.
var errRefused = errors.New("sip: the trunk refuses our name and password: check them")

// credentials answers challenges in one exchange, which may be challenged by a proxy and by the server behind it, and
// again when a nonce has grown stale in between.
type credentials struct {
	user, password string
	answers        []answered
}

// answered is a challenge that was answered.
type answered struct {
	header string // that carries the answer
	realm  string
	value  string
	tries  int
}

// mostChallenges bounds the answers in one exchange.
const mostChallenges = 5

// challenged tells whether the response asks who we are.
func challenged(res *sip.Response) bool { return res.StatusCode == 401 || res.StatusCode == 407 }

// answer answers the challenge in the response to a request. The error is errRefused if it was answered already: trying
// the same password again would get us locked out.
func (c *credentials) answer(req *sip.Request, res *sip.Response) error {
	asked, header := "WWW-Authenticate", "Authorization"
	if res.StatusCode == 407 {
		asked, header = "Proxy-Authenticate", "Proxy-Authorization"
	}
	challenge := pick(res.GetHeaders(asked))
	if challenge == nil {
		return errors.New("sip: the trunk asks for a password in a way that is not known here")
	}
	at := -1
	for i, a := range c.answers {
		if a.header == header && a.realm == challenge.Realm {
			at = i
		}
	}
	if at < 0 {
		c.answers = append(c.answers, answered{header: header, realm: challenge.Realm})
		at = len(c.answers) - 1
	} else if !challenge.Stale {
		return errRefused
	}
	if c.answers[at].tries++; c.password == "" || len(c.answers) > mostChallenges || c.answers[at].tries > mostChallenges {
		return errRefused
	}
	answer, err := digest.Digest(challenge, digest.Options{
		Method: string(req.Method), URI: req.Recipient.String(), Username: c.user, Password: c.password,
		GetBody: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(req.Body())), nil },
	})
	if err != nil {
		return errors.New("sip: the trunk's challenge cannot be answered")
	}
	c.answers[at].value = answer.String()
	return nil
}

// put puts the answers into the next request of the exchange.
func (c *credentials) put(req *sip.Request) {
	for _, a := range c.answers {
		req.AppendHeader(sip.NewHeader(a.header, a.value))
	}
}

// pick takes the first challenge that can be answered: servers put the best first (RFC 8760 section 2.4).
func pick(headers []sip.Header) *digest.Challenge {
	for _, h := range headers {
		challenge, err := digest.ParseChallenge(h.Value())
		if err != nil {
			continue
		}
		for i, qop := range challenge.QOP {
			challenge.QOP[i] = strings.TrimSpace(qop)
		}
		if digest.CanDigest(challenge) {
			return challenge
		}
	}
	return nil
}
