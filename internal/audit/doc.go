// Package audit owns the catalogue of events and their record.
//
// An event is written in the transaction of what it tells about, so that neither exists without the other. It holds
// ids, never secrets; its Detail is shown to the person and to administrators, so it is written for them.
package audit
