"""What clients hand over, read and checked: CSV files, UBL invoices, single claims. Pure: files in, values out."""
