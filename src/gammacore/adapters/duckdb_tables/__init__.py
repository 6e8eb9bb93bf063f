"""Parquet by DuckDB, the extra `study`. Rule: ST-107."""
