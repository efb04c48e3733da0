// Package externalmfa is Woggle as the external MFA method of Microsoft Entra (EAM): Entra checks the password, we ask for
// the second step, and Entra believes our signed answer.
//
// It is a profile of OpenID Connect of its own, apart from the general provider, with its own issuer: implicit flow, the
// request a form that the browser posts, a hint signed by Entra instead of a login, the subject Entra's own. Nothing is
// called back: no token endpoint, no secret.
//
//	Entra --form--> POST /microsoft/authorize     what is asked, by whom, for whom: checked and kept, once
//	                GET  /microsoft/continue/ID   the person found, and sent through the flow (signin.Elsewhere)
//	                     /signin …                one proof of possession, no password, no session
//	                GET  /microsoft/continue/ID   its outcome, once
//	Entra <--form-- id_token, or error
//
// A person is found by the tenant and object id of a link. Who has none is bound only as the administrator said: by the user
// principal name that Entra vouches for, or as the Microsoft 365 connection has matched them; never by an e-mail address,
// and not before the second step was proved.
//
// Its neighbours: signin asks the question; keys/signing signs; app's desk posts the answer.
package externalmfa
