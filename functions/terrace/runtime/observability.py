"""Logs and metrics of every function. Label text and item content are never logged."""

import os

from aws_lambda_powertools import Logger, Metrics

logger = Logger(service="terrace", level=os.environ.get("LOG_LEVEL", "INFO"))
metrics = Metrics(namespace="Terrace", service="terrace")
