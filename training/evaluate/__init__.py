"""A trained recipe judged out of fold: figures, page, submission file, heat maps on lesions."""
