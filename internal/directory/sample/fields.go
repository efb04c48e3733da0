// What the county asks of its people.
package sample

import "woggle/internal/directory"

// Fields are the details that the county asks for, in the order in which it asks.
func Fields() []directory.Field {
	return []directory.Field{
		{ID: directory.GivenNameField, Kind: directory.Text, Required: true,
			Labels: map[string]string{"en": "First name", "cy": "Enw cyntaf"},
			Help:   map[string]string{"en": "The name that people call you.", "cy": "Yr enw y mae pobl yn eich galw."}},
		{ID: directory.FamilyNameField, Kind: directory.Text, Required: true,
			Labels: map[string]string{"en": "Last name", "cy": "Cyfenw"}},
		{ID: "role", Kind: directory.Choice,
			Labels: map[string]string{"en": "What you do in Scouts", "cy": "Beth rydych yn ei wneud gyda’r Sgowtiaid"},
			Help: map[string]string{"en": "If you do more than one thing, choose the one you do most.",
				"cy": "Os ydych yn gwneud mwy nag un peth, dewiswch yr un a wnewch amlaf."},
			Options: []string{"Section leader", "Section helper", "Young leader", "Trustee", "District team", "County team"}},
		{ID: "second_email", Kind: directory.Email,
			Labels: map[string]string{"en": "Second e-mail address", "cy": "Ail gyfeiriad e-bost"},
			Help: map[string]string{"en": "We write to it if your first one does not work.",
				"cy": "Byddwn yn ysgrifennu ato os nad yw’r cyntaf yn gweithio."}},
		{ID: "emergency_contact", Kind: directory.Text,
			Labels: map[string]string{"en": "Who to call in an emergency", "cy": "Pwy i’w ffonio mewn argyfwng"},
			Help:   map[string]string{"en": "A name and a phone number.", "cy": "Enw a rhif ffôn."}},
	}
}
