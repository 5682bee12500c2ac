"""Hand-over of a labeled manifest to Amazon Rekognition Custom Labels."""
