// ID tokens: signing ours, and telling ours from others'.
package oidc

import (
	"context"
	"crypto"
	"encoding/json"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/zitadel/oidc/v3/pkg/oidc"

	"woggle/internal/app"
	"woggle/internal/keys/signing"
)

// sign makes a JWT with the key that signs now. It must not be called in a transaction: it takes long, and may need one.
func (p *Provider) sign(ctx context.Context, alg, kind string, claims func(alg jose.SignatureAlgorithm) (any, error)) (string, error) {
	key, err := p.Signing.Active(ctx, signing.OIDC, signing.Alg(alg))
	if err != nil {
		return "", err
	}
	options := (&jose.SignerOptions{}).WithType(jose.ContentType(kind))
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.SignatureAlgorithm(key.Alg),
		Key: jose.JSONWebKey{Key: crypto.PrivateKey(key.Private), KeyID: key.ID}}, options)
	if err != nil {
		return "", err
	}
	data, err := claims(jose.SignatureAlgorithm(key.Alg))
	if err != nil {
		return "", err
	}
	payload, err := json.Marshal(data)
	if err != nil {
		return "", err
	}
	signed, err := signer.Sign(payload)
	if err != nil {
		return "", err
	}
	return signed.CompactSerialize()
}

// idToken says who signed in, when and how (OpenID Connect Core section 2): what was proved then, not what is true by now.
func (p *Provider) idToken(ctx context.Context, a *app.App, g grant, info *oidc.UserInfo, access string, now time.Time) (string, error) {
	return p.sign(ctx, clientOf(a).SigningAlg, "JWT", func(alg jose.SignatureAlgorithm) (any, error) {
		hash, err := oidc.ClaimHash(access, alg)
		if err != nil {
			return nil, err
		}
		claims := &oidc.IDTokenClaims{AccessTokenHash: hash, SessionID: g.Visit}
		claims.SetUserInfo(info)
		claims.TokenClaims = oidc.TokenClaims{Issuer: p.Base, Subject: g.User, Audience: oidc.Audience{a.ID}, AuthorizedParty: a.ID,
			IssuedAt: oidc.FromTime(now), Expiration: oidc.FromTime(now.Add(idTokenLife)), AuthTime: oidc.FromTime(g.Terms.AuthAt),
			Nonce: g.Terms.Nonce, AuthenticationContextClassReference: g.Terms.ACR, AuthenticationMethodsReferences: g.Terms.AMR}
		return claims, nil
	})
}

// verifyHint tells what an ID token of ours says, or nil for what is none. One that is over is as good as a fresh one: it
// only says who is meant. The library's verifier of hints does the same, but with a clock of its own.
func (p *Provider) verifyHint(ctx context.Context, hint string) (*oidc.IDTokenClaims, error) {
	published, err := p.Signing.Published(ctx, signing.OIDC)
	if err != nil {
		return nil, err
	}
	claims := &oidc.IDTokenClaims{}
	payload, err := oidc.ParseToken(hint, claims)
	if err != nil || oidc.CheckIssuerWithISSVerifier(claims, p.Base, nil) != nil || oidc.CheckSubject(claims) != nil {
		return nil, nil
	}
	if _, isLogout := claims.Claims["events"]; isLogout { // a logout token is signed with the same key
		return nil, nil
	}
	if oidc.CheckSignature(ctx, hint, payload, claims, []string{string(jose.RS256), string(jose.ES256)}, publicKeys(published)) != nil {
		return nil, nil
	}
	return claims, nil
}

// publicKeys are keys as they are shown.
func publicKeys(all []signing.Key) keySet {
	set := make(keySet, 0, len(all))
	for _, key := range all {
		set = append(set, jose.JSONWebKey{Key: key.Private.Public(), KeyID: key.ID, Algorithm: string(key.Alg), Use: oidc.KeyUseSignature,
			Certificates: certificates(key)})
	}
	return set
}

// bearer is the access token of a request: in its header, or, where a form was sent, in that (RFC 6750 section 2). Not in the
// address.
func bearer(authorization string) (string, bool) {
	scheme, value, found := strings.Cut(authorization, " ")
	return strings.TrimSpace(value), found && strings.EqualFold(scheme, oidc.BearerToken)
}
