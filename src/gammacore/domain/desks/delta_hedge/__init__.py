"""The delta-hedge strategy of the day loop: buy a straddle, keep it delta-neutral, go flat before the close."""
