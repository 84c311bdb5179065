// Package nwsalerts owns the kind nws_alerts: warnings of the US National Weather
// Service as headlines. A warning is a chain of messages, each of which takes the place
// of the one before under one key, and it is withdrawn when it is over. The package
// starts no goroutine.
package nwsalerts
