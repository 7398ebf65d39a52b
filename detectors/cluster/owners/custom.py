"""Kinds of operators that hold pod templates in places of their own, one line each."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from assay.detectors.cluster.objects import Objects
from assay.detectors.cluster.owners import (
    batch,
    kubeflow,
    llm_serving,
    operated,
    ray,
    seldon,
    serving,
    spark,
    workflows,
)
from assay.detectors.cluster.owners.parts import Part

CUSTOM: Mapping[str, Callable[[Any, Objects], Iterator[Part]]] = {
    "apps.openshift.io/DeploymentConfig": operated.deployment_config,
    "argoproj.io/ClusterWorkflowTemplate": workflows.workflow_template,
    "argoproj.io/CronWorkflow": workflows.cron_workflow,
    "argoproj.io/Rollout": workflows.rollout,
    "argoproj.io/Workflow": workflows.workflow,
    "argoproj.io/WorkflowTemplate": workflows.workflow_template,
    "batch.volcano.sh/Job": batch.volcano,
    "grafana.integreatly.org/Grafana": operated.grafana,
    "jobset.x-k8s.io/JobSet": batch.job_set,
    "kubeflow.org/JAXJob": kubeflow.training,
    "kubeflow.org/MPIJob": kubeflow.training,
    "kubeflow.org/Notebook": kubeflow.notebook,
    "kubeflow.org/PaddleJob": kubeflow.training,
    "kubeflow.org/PyTorchJob": kubeflow.training,
    "kubeflow.org/TFJob": kubeflow.training,
    "kubeflow.org/XGBoostJob": kubeflow.training,
    "leaderworkerset.x-k8s.io/LeaderWorkerSet": batch.leader_worker_set,
    "machinelearning.seldon.io/SeldonDeployment": serving.seldon,
    "milvus.io/Milvus": operated.milvus,
    "mlops.seldon.io/SeldonRuntime": seldon.runtime,
    "mlops.seldon.io/Server": seldon.server,
    "monitoring.coreos.com/Alertmanager": operated.alertmanager,
    "monitoring.coreos.com/Prometheus": operated.prometheus,
    "ray.io/RayCluster": ray.cluster,
    "ray.io/RayJob": ray.job,
    "ray.io/RayService": ray.service,
    "serving.knative.dev/Service": serving.knative,
    "serving.kserve.io/ClusterServingRuntime": serving.serving_runtime,
    "serving.kserve.io/InferenceGraph": llm_serving.graph,
    "serving.kserve.io/InferenceService": serving.inference_service,
    "serving.kserve.io/LLMInferenceService": llm_serving.language_model,
    "serving.kserve.io/ServingRuntime": serving.serving_runtime,
    "sparkoperator.k8s.io/ScheduledSparkApplication": spark.scheduled,
    "sparkoperator.k8s.io/SparkApplication": spark.application,
    "tensorboard.kubeflow.org/Tensorboard": kubeflow.tensorboard,
    "trainer.kubeflow.org/TrainJob": kubeflow.train_job,
}
"""By `table.Api.id`: from which templates the kind makes its pods."""
