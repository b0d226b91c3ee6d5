"""Files of call detail records: one module for each format. They know columns and rows, no store."""
