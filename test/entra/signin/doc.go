// Package signin plays the part of Microsoft Entra that a browser sees when a tenant has an external method: it signs a hint,
// lets the browser post it to the method, and judges the answer as strictly as Microsoft's documents say it does. What a
// provider publishes it reads once a day, so that a change of keys is seen as Entra would see it.
//
// It knows the program under test only by HTTP.
package signin
