"""Labels drawn on their images: for looking at what people made."""
