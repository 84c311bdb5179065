// Package metnorway owns the kind met_norway: the weather now at a list of places, from
// the forecasts of the Norwegian Meteorological Institute. Each place has a forecast of
// its own, which is kept for as long as it holds and read again for each hour. It starts
// no goroutine.
package metnorway
