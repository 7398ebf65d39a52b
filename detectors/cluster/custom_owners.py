"""Kinds of operators that hold pod templates in places of their own, one line each."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from assay.detectors.cluster import (
    batch_owners,
    kubeflow_owners,
    operated_owners,
    ray_owners,
    serving_owners,
    workflow_owners,
)
from assay.detectors.cluster.objects import Objects
from assay.detectors.cluster.parts import Part

CUSTOM: Mapping[str, Callable[[Any, Objects], Iterator[Part]]] = {
    "apps.openshift.io/DeploymentConfig": operated_owners.deployment_config,
    "argoproj.io/ClusterWorkflowTemplate": workflow_owners.workflow_template,
    "argoproj.io/CronWorkflow": workflow_owners.cron_workflow,
    "argoproj.io/Rollout": workflow_owners.rollout,
    "argoproj.io/Workflow": workflow_owners.workflow,
    "argoproj.io/WorkflowTemplate": workflow_owners.workflow_template,
    "batch.volcano.sh/Job": batch_owners.volcano,
    "grafana.integreatly.org/Grafana": operated_owners.grafana,
    "jobset.x-k8s.io/JobSet": batch_owners.job_set,
    "kubeflow.org/JAXJob": kubeflow_owners.training,
    "kubeflow.org/MPIJob": kubeflow_owners.training,
    "kubeflow.org/Notebook": kubeflow_owners.notebook,
    "kubeflow.org/PaddleJob": kubeflow_owners.training,
    "kubeflow.org/PyTorchJob": kubeflow_owners.training,
    "kubeflow.org/TFJob": kubeflow_owners.training,
    "kubeflow.org/XGBoostJob": kubeflow_owners.training,
    "leaderworkerset.x-k8s.io/LeaderWorkerSet": batch_owners.leader_worker_set,
    "machinelearning.seldon.io/SeldonDeployment": serving_owners.seldon,
    "milvus.io/Milvus": operated_owners.milvus,
    "monitoring.coreos.com/Alertmanager": operated_owners.alertmanager,
    "monitoring.coreos.com/Prometheus": operated_owners.prometheus,
    "ray.io/RayCluster": ray_owners.cluster,
    "ray.io/RayJob": ray_owners.job,
    "ray.io/RayService": ray_owners.service,
    "serving.knative.dev/Service": serving_owners.knative,
    "serving.kserve.io/ClusterServingRuntime": serving_owners.serving_runtime,
    "serving.kserve.io/InferenceService": serving_owners.inference_service,
    "serving.kserve.io/ServingRuntime": serving_owners.serving_runtime,
    "sparkoperator.k8s.io/ScheduledSparkApplication": batch_owners.scheduled_spark,
    "sparkoperator.k8s.io/SparkApplication": batch_owners.spark,
    "trainer.kubeflow.org/TrainJob": kubeflow_owners.train_job,
}
"""By `table.Api.id`: from which templates the kind makes its pods."""
