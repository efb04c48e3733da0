// woggle check: whether the host that passkeys were made for lets the address use them.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"slices"
)

// probeRelated asks as browsers do (WebAuthn section 5.11.1). What it finds is a warning, because the one who answers may be the very
// server that is about to start.
func probeRelated(ctx context.Context, client *http.Client, site Site) []Finding {
	if !site.related() {
		return nil
	}
	address := "https://" + site.Former + "/.well-known/webauthn"
	if err := askRelated(ctx, client, address, site.Base.String()); err != nil {
		return []Finding{{Where: "passkey_host", Warning: true,
			Wrong: fmt.Sprintf("the passkeys of %s do not work at %s yet: %v", site.Former, site.Base, err),
			Do: fmt.Sprintf(`lead that name, with a certificate, to this server and start it; or have %s answer {"origins":["%s"]}`,
				address, site.Base)}}
	}
	return nil
}

func askRelated(ctx context.Context, client *http.Client, address, origin string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	var said struct{ Origins []string }
	kind, _, _ := mime.ParseMediaType(response.Header.Get("Content-Type")) // no kind is a wrong one
	switch err := json.NewDecoder(io.LimitReader(response.Body, maxFile)).Decode(&said); {
	case response.StatusCode != http.StatusOK:
		return fmt.Errorf("%s answers %s", address, response.Status)
	case kind != "application/json" || err != nil:
		return fmt.Errorf("%s answers no application/json", address)
	case !slices.Contains(said.Origins, origin):
		return fmt.Errorf("%s does not name it", address)
	}
	return nil
}
