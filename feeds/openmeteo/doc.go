// Package openmeteo owns the kind open_meteo: the weather now at a list of places, from
// the API of Open-Meteo or a server of one's own. One request asks for all places. It
// starts no goroutine.
package openmeteo
