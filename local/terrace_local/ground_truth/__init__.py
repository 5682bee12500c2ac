"""A local SageMaker Ground Truth: labeling jobs, work teams, outputs and events."""
