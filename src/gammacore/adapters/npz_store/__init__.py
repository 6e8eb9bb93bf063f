"""Days as compressed .npz files beside an index.json. Rules: ST-106, ST-107."""
