package simulated

import (
	"math"
	"time"
)

func radians(degrees float64) float64 { return degrees * math.Pi / 180 }

// yearAngle returns how far the year has gone from the winter solstice of the
// north, in radians.
func yearAngle(now time.Time) float64 {
	now = now.UTC()
	days := float64(now.YearDay()+10) + float64(now.Hour())/24
	return 2 * math.Pi * days / 365.24
}

// declination returns the latitude above which the sun stands, in degrees.
func declination(now time.Time) float64 { return -23.44 * math.Cos(yearAngle(now)) }

// solarHour returns the hour by the sun at a longitude, 0 to 24.
func solarHour(now time.Time, longitude float64) float64 {
	now = now.UTC()
	hour := now.Sub(now.Truncate(24*time.Hour)).Hours() + longitude/15
	return math.Mod(hour+48, 24)
}

// elevation returns the height of the sun above the horizon, in degrees.
func elevation(now time.Time, latitude, longitude float64) float64 {
	sun, north := radians(declination(now)), radians(latitude)
	turn := radians(15 * (solarHour(now, longitude) - 12))
	height := math.Sin(north)*math.Sin(sun) + math.Cos(north)*math.Cos(sun)*math.Cos(turn)
	return math.Asin(min(max(height, -1), 1)) * 180 / math.Pi
}

// seasonal runs from -1 in the coldest week to 1 in the warmest, a month after
// the solstices; the south has it the other way round.
func seasonal(now time.Time, latitude float64) float64 {
	const lag = 2 * math.Pi * 30 / 365.24
	wave := -math.Cos(yearAngle(now) - lag)
	if latitude < 0 {
		return -wave
	}
	return wave
}

// diurnal runs from -1 at five in the morning to 1 at half past two in the
// afternoon, by the sun; it falls more slowly than it rises.
func diurnal(hour float64) float64 {
	const coldest, rise = 5.0, 9.5
	since := math.Mod(hour-coldest+24, 24)
	if since < rise {
		return -math.Cos(math.Pi * since / rise)
	}
	return math.Cos(math.Pi * (since - rise) / (24 - rise))
}
