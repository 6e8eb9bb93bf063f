"""Parquet and fast CSV by DuckDB, the extra `study`. Rule: ST-107."""
