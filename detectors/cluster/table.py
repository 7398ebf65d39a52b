"""The resources of the Kubernetes API that facts are stated from, one line each."""

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from typing import Any, cast

from msgspec import Struct


class Api(Struct, frozen=True, kw_only=True):
    """A resource of the API."""

    group: str
    """Empty: the core group."""
    kind: str
    plural: str
    versions: tuple[str, ...]
    """Those that our structs fit, preferred first."""
    decoded: str
    """`module:Struct` below `assay.detectors.cluster`."""
    states: tuple[str, ...]
    """The kinds of ours whose facts rest on it."""
    refines: tuple[str, ...] = ()
    """The kinds of ours that are stated whole without it, and more exactly with it."""
    namespaced: bool = True
    metadata_only: bool = False
    """Asked for as PartialObjectMetadata, so that values never leave the server."""
    optional: bool = False
    """A custom resource, which a cluster may well not have."""
    sent: tuple[str, ...] = ()
    """Fields that every object of a server has besides its name and namespace: `spec` where our struct has it, or
    `spec.template` within it. One that lacks them was not sent whole. `spec|specs`: one of the two. None of what is
    asked for as metadata."""

    @property
    def id(self) -> str:
        """`apps/Deployment`; the kind alone in the core group."""
        return f"{self.group}/{self.kind}" if self.group else self.kind

    @property
    def name(self) -> str:
        """As kubectl writes it: `deployments.apps`."""
        return f"{self.plural}.{self.group}" if self.group else self.plural


_POD_KINDS = ("workload.pods", "ai.software", "cluster.volume-claim")
"""Where claims are mounted says what they hold."""
_PLANE = "cluster.control-plane"
"""The API server's flags, and the network plug-in, are seen by pods."""
_RBAC = "rbac.authorization.k8s.io"


def _api(
    name: str,
    kind: str,
    versions: str,
    decoded: str,
    *states: str,
    namespaced: bool = True,
    metadata_only: bool = False,
    optional: bool = False,
    refines: tuple[str, ...] = (),
    sent: str = "spec",
) -> Api:
    """One line of the table; `name` is that of `Api.name`."""
    plural, _, group = name.partition(".")
    return Api(
        group=group,
        kind=kind,
        plural=plural,
        versions=tuple(versions.split()),
        decoded=decoded,
        states=states,
        refines=refines,
        namespaced=namespaced,
        metadata_only=metadata_only,
        optional=optional,
        sent=() if metadata_only else tuple(sent.split()),
    )


def _custom(name: str, kind: str, versions: str, decoded: str, namespaced: bool = True) -> Api:
    """A custom resource that pods are made from."""
    return _api(name, kind, versions, decoded, *_POD_KINDS, namespaced=namespaced, optional=True)


_WORKLOADS: tuple[Api, ...] = (
    _api("pods", "Pod", "v1", "pods.objects:Pod", *_POD_KINDS, _PLANE, sent="spec.containers"),
    _api("replicationcontrollers", "ReplicationController", "v1", "pods.objects:ReplicationController", *_POD_KINDS),
    _api("daemonsets.apps", "DaemonSet", "v1", "pods.objects:DaemonSet", *_POD_KINDS, _PLANE, sent="spec.template"),
    _api("deployments.apps", "Deployment", "v1", "pods.objects:Deployment", *_POD_KINDS, sent="spec.template"),
    # Only for the way from a pod to its Deployment: a cluster keeps ten old ones of each.
    _api("replicasets.apps", "ReplicaSet", "v1", "pods.objects:ReplicaSet", *_POD_KINDS, metadata_only=True),
    _api("statefulsets.apps", "StatefulSet", "v1", "pods.objects:StatefulSet", *_POD_KINDS, sent="spec.template"),
    _api("cronjobs.batch", "CronJob", "v1", "pods.objects:CronJob", *_POD_KINDS, sent="spec.jobTemplate"),
    _api("jobs.batch", "Job", "v1", "pods.objects:Job", *_POD_KINDS, sent="spec.template"),
    _custom("deploymentconfigs.apps.openshift.io", "DeploymentConfig", "v1", "pods.objects:Controller"),
    _custom("clusterworkflowtemplates.argoproj.io", "ClusterWorkflowTemplate", "v1alpha1", "owners.workflows:Workflow",
            namespaced=False),
    _custom("cronworkflows.argoproj.io", "CronWorkflow", "v1alpha1", "owners.workflows:CronWorkflow"),
    _custom("rollouts.argoproj.io", "Rollout", "v1alpha1", "owners.workflows:Rollout"),
    _custom("workflows.argoproj.io", "Workflow", "v1alpha1", "owners.workflows:Workflow"),
    _custom("workflowtemplates.argoproj.io", "WorkflowTemplate", "v1alpha1", "owners.workflows:Workflow"),
    _custom("jobs.batch.volcano.sh", "Job", "v1alpha1", "owners.batch:VolcanoJob"),
    _custom("grafanas.grafana.integreatly.org", "Grafana", "v1beta1", "owners.operated:Grafana"),
    _custom("jobsets.jobset.x-k8s.io", "JobSet", "v1alpha2", "owners.batch:JobSet"),
    _custom("jaxjobs.kubeflow.org", "JAXJob", "v1", "owners.kubeflow:TrainingJob"),
    _custom("mpijobs.kubeflow.org", "MPIJob", "v2beta1 v1", "owners.kubeflow:TrainingJob"),
    _custom("notebooks.kubeflow.org", "Notebook", "v1 v1beta1", "owners.kubeflow:Notebook"),
    _custom("paddlejobs.kubeflow.org", "PaddleJob", "v1", "owners.kubeflow:TrainingJob"),
    _custom("pytorchjobs.kubeflow.org", "PyTorchJob", "v1", "owners.kubeflow:TrainingJob"),
    _custom("tfjobs.kubeflow.org", "TFJob", "v1", "owners.kubeflow:TrainingJob"),
    _custom("xgboostjobs.kubeflow.org", "XGBoostJob", "v1", "owners.kubeflow:TrainingJob"),
    _custom("leaderworkersets.leaderworkerset.x-k8s.io", "LeaderWorkerSet", "v1", "owners.batch:LeaderWorkerSet"),
    _custom("seldondeployments.machinelearning.seldon.io", "SeldonDeployment", "v1 v1alpha3 v1alpha2",
            "owners.serving:SeldonDeployment"),
    _custom("models.mlops.seldon.io", "Model", "v1alpha1", "owners.seldon:Model"),
    _custom("seldonconfigs.mlops.seldon.io", "SeldonConfig", "v1alpha1", "owners.seldon:SeldonConfig"),
    _custom("seldonruntimes.mlops.seldon.io", "SeldonRuntime", "v1alpha1", "owners.seldon:SeldonRuntime"),
    _custom("serverconfigs.mlops.seldon.io", "ServerConfig", "v1alpha1", "owners.seldon:ServerConfig"),
    _custom("servers.mlops.seldon.io", "Server", "v1alpha1", "owners.seldon:Server"),
    _custom("milvuses.milvus.io", "Milvus", "v1beta1", "owners.operated:Milvus"),
    _custom("alertmanagers.monitoring.coreos.com", "Alertmanager", "v1", "owners.operated:Monitoring"),
    _custom("prometheuses.monitoring.coreos.com", "Prometheus", "v1", "owners.operated:Monitoring"),
    _custom("rayclusters.ray.io", "RayCluster", "v1 v1alpha1", "owners.ray:RayCluster"),
    _custom("rayjobs.ray.io", "RayJob", "v1 v1alpha1", "owners.ray:RayJob"),
    _custom("rayservices.ray.io", "RayService", "v1 v1alpha1", "owners.ray:RayService"),
    _custom("services.serving.knative.dev", "Service", "v1", "owners.serving:KnativeService"),
    _custom("clusterservingruntimes.serving.kserve.io", "ClusterServingRuntime", "v1alpha1",
            "owners.serving:ServingRuntime", namespaced=False),
    _custom("inferencegraphs.serving.kserve.io", "InferenceGraph", "v1alpha1", "owners.llm_serving:InferenceGraph"),
    _custom("inferenceservices.serving.kserve.io", "InferenceService", "v1beta1", "owners.serving:InferenceService"),
    _custom("llminferenceservices.serving.kserve.io", "LLMInferenceService", "v1alpha2 v1alpha1",
            "owners.llm_serving:LanguageModelService"),
    _custom("servingruntimes.serving.kserve.io", "ServingRuntime", "v1alpha1", "owners.serving:ServingRuntime"),
    _custom("scheduledsparkapplications.sparkoperator.k8s.io", "ScheduledSparkApplication", "v1beta2",
            "owners.spark:ScheduledSparkApplication"),
    _custom("sparkapplications.sparkoperator.k8s.io", "SparkApplication", "v1beta2", "owners.spark:SparkApplication"),
    _custom("tensorboards.tensorboard.kubeflow.org", "Tensorboard", "v1alpha1", "owners.kubeflow:Tensorboard"),
    _custom("trainjobs.trainer.kubeflow.org", "TrainJob", "v1alpha1", "owners.kubeflow:TrainJob"),
)  # fmt: skip
"""Pods and what makes them; `owners.OWNERS` has a line for each of the latter, too."""

_NETWORK = "networking.k8s.io"
_GATEWAYS = "gateway.networking.k8s.io"
_ADMISSION = "admissionregistration.k8s.io"
_POLICY = "network.policy_objects"
_SIGNATURES = "platform.signature_objects"
_ROLE_REF = "roleRef.kind roleRef.name"
"""Subjects may truly be absent."""
_OTHERS: tuple[Api, ...] = (
    _api("limitranges", "LimitRange", "v1", "platform.objects:LimitRange", "cluster.namespace"),
    # What Namespaces say also decides what webhooks exempt, and what a mesh does by default.
    _api("namespaces", "Namespace", "v1", "platform.objects:Namespace", "cluster.namespace", "cluster.webhook",
         _PLANE, "network.mesh-policy", namespaced=False, sent=""),
    _api("nodes", "Node", "v1", "platform.objects:Node", "cluster.node", _PLANE, namespaced=False,
         sent=""),
    _api("persistentvolumeclaims", "PersistentVolumeClaim", "v1", "storage.objects:Claim", "cluster.volume-claim"),
    _api("persistentvolumes", "PersistentVolume", "v1", "storage.objects:PersistentVolume",
         "cluster.persistent-volume", namespaced=False),
    _api("resourcequotas", "ResourceQuota", "v1", "platform.objects:ResourceQuota", "cluster.namespace", "ai.tenant"),
    _api("secrets", "Secret", "v1", "access.objects:SecretObject", "rbac.service-account", metadata_only=True),
    # They tell whether the token that a pod got is what its account would give it today.
    _api("serviceaccounts", "ServiceAccount", "v1", "access.objects:ServiceAccountObject", "rbac.service-account",
         refines=("workload.pods",), sent=""),
    # Annotations of Services decide on routes to them, and their type on the Gateways behind them.
    _api("services", "Service", "v1", "network.service_objects:Service", "network.service", "network.route",
         "network.gateway"),
    _api(f"mutatingwebhookconfigurations.{_ADMISSION}", "MutatingWebhookConfiguration", "v1",
         "platform.objects:WebhookConfiguration", "cluster.webhook", "cluster.namespace", namespaced=False, sent=""),
    _api(f"validatingwebhookconfigurations.{_ADMISSION}", "ValidatingWebhookConfiguration", "v1",
         "platform.objects:WebhookConfiguration", "cluster.webhook", "cluster.namespace", namespaced=False, sent=""),
    # What checks signatures of images.
    _api("clusterimagepolicies.config.openshift.io", "ClusterImagePolicy", "v1 v1alpha1", f"{_SIGNATURES}:OtherPolicy",
         "cluster.namespace", namespaced=False, optional=True),
    _api("imagepolicies.config.openshift.io", "ImagePolicy", "v1 v1alpha1", f"{_SIGNATURES}:OtherPolicy",
         "cluster.namespace", optional=True),
    _api("verifiers.config.ratify.deislabs.io", "Verifier", "v1beta1 v1alpha1", f"{_SIGNATURES}:OtherPolicy",
         "cluster.namespace", namespaced=False, optional=True),
    _api("clusterpolicies.kyverno.io", "ClusterPolicy", "v1 v2beta1", f"{_SIGNATURES}:KyvernoPolicy",
         "cluster.namespace", namespaced=False, optional=True),
    _api("policies.kyverno.io", "Policy", "v1 v2beta1", f"{_SIGNATURES}:KyvernoPolicy", "cluster.namespace",
         optional=True),
    _api("imagevalidatingpolicies.policies.kyverno.io", "ImageValidatingPolicy", "v1 v1beta1 v1alpha1",
         f"{_SIGNATURES}:ValidatingPolicy", "cluster.namespace", namespaced=False, optional=True),
    _api("namespacedimagevalidatingpolicies.policies.kyverno.io", "NamespacedImageValidatingPolicy", "v1 v1beta1",
         f"{_SIGNATURES}:ValidatingPolicy", "cluster.namespace", optional=True),
    _api("clusterimagepolicies.policy.sigstore.dev", "ClusterImagePolicy", "v1beta1 v1alpha1",
         f"{_SIGNATURES}:SigstorePolicy", "cluster.namespace", namespaced=False, optional=True),
    _api("ciliumclusterwidenetworkpolicies.cilium.io", "CiliumClusterwideNetworkPolicy", "v2",
         f"{_POLICY}:CiliumPolicy", "network.policy", namespaced=False, optional=True, sent="spec|specs"),
    _api("ciliumnetworkpolicies.cilium.io", "CiliumNetworkPolicy", "v2", f"{_POLICY}:CiliumPolicy", "network.policy",
         optional=True, sent="spec|specs"),
    _api("globalnetworkpolicies.crd.projectcalico.org", "GlobalNetworkPolicy", "v1", f"{_POLICY}:CalicoPolicy",
         "network.policy", namespaced=False, optional=True),
    _api("networkpolicies.crd.projectcalico.org", "NetworkPolicy", "v1", f"{_POLICY}:CalicoPolicy", "network.policy",
         optional=True),
    _api(f"gateways.{_GATEWAYS}", "Gateway", "v1 v1beta1", "routes.gateway_objects:Gateway", "network.gateway",
         "network.route", optional=True),
    _api("securitypolicies.gateway.envoyproxy.io", "SecurityPolicy", "v1alpha1", "routes.login_objects:SecurityPolicy",
         "network.route", optional=True),
    # Without one, a route leads to no Service of another namespace.
    _api(f"referencegrants.{_GATEWAYS}", "ReferenceGrant", "v1 v1beta1", "routes.gateway_objects:ReferenceGrant",
         "network.route", optional=True),
    _api("middlewares.traefik.io", "Middleware", "v1alpha1", "routes.login_objects:Middleware", "network.route",
         optional=True),
    _api(f"grpcroutes.{_GATEWAYS}", "GRPCRoute", "v1 v1alpha2", "routes.gateway_objects:Route", "network.route",
         optional=True),
    _api(f"httproutes.{_GATEWAYS}", "HTTPRoute", "v1 v1beta1", "routes.gateway_objects:Route", "network.route",
         optional=True),
    _api(f"tcproutes.{_GATEWAYS}", "TCPRoute", "v1 v1alpha2", "routes.gateway_objects:Route", "network.route",
         optional=True),
    _api(f"tlsroutes.{_GATEWAYS}", "TLSRoute", "v1 v1alpha3 v1alpha2", "routes.gateway_objects:Route", "network.route",
         optional=True),
    _api("profiles.kubeflow.org", "Profile", "v1 v1beta1", "access.tenant_objects:Profile", "ai.tenant",
         "cluster.namespace", namespaced=False, optional=True, sent=""),
    _api("gateways.networking.istio.io", "Gateway", "v1 v1beta1 v1alpha3", "routes.istio_objects:Gateway",
         "network.gateway", "network.route", optional=True),
    _api("destinationrules.networking.istio.io", "DestinationRule", "v1 v1beta1 v1alpha3",
         "mesh.objects:DestinationRule", "network.mesh-policy", optional=True),
    _api("virtualservices.networking.istio.io", "VirtualService", "v1 v1beta1 v1alpha3",
         "routes.istio_objects:VirtualService", "network.route", optional=True),
    _api(f"ingressclasses.{_NETWORK}", "IngressClass", "v1", "network.service_objects:IngressClass", "network.route",
         namespaced=False),
    _api(f"ingresses.{_NETWORK}", "Ingress", "v1", "network.service_objects:Ingress", "network.route"),
    _api(f"networkpolicies.{_NETWORK}", "NetworkPolicy", "v1", f"{_POLICY}:NetworkPolicy", "network.policy",
         sent="spec.podSelector"),
    _api("poddisruptionbudgets.policy", "PodDisruptionBudget", "v1", "platform.objects:DisruptionBudget",
         "cluster.disruption-budget"),
    _api("authorizationpolicies.policy.linkerd.io", "AuthorizationPolicy", "v1alpha1",
         "mesh.objects:LinkerdAuthorization", "network.mesh-policy", optional=True),
    _api("servers.policy.linkerd.io", "Server", "v1beta3 v1beta2 v1beta1", "mesh.objects:LinkerdServer",
         "network.mesh-policy", optional=True),
    _api("adminnetworkpolicies.policy.networking.k8s.io", "AdminNetworkPolicy", "v1alpha1", f"{_POLICY}:AdminPolicy",
         "network.policy", namespaced=False, optional=True),
    _api("baselineadminnetworkpolicies.policy.networking.k8s.io", "BaselineAdminNetworkPolicy", "v1alpha1",
         f"{_POLICY}:AdminPolicy", "network.policy", namespaced=False, optional=True),
    _api("clusternetworkpolicies.policy.networking.k8s.io", "ClusterNetworkPolicy", "v1alpha2",
         f"{_POLICY}:AdminPolicy", "network.policy", namespaced=False, optional=True),
    # Served besides `crd.projectcalico.org` where Calico's own API server runs, with the same objects.
    _api("globalnetworkpolicies.projectcalico.org", "GlobalNetworkPolicy", "v3", f"{_POLICY}:CalicoPolicy",
         "network.policy", namespaced=False, optional=True),
    _api("networkpolicies.projectcalico.org", "NetworkPolicy", "v3", f"{_POLICY}:CalicoPolicy", "network.policy",
         optional=True),
    _api(f"clusterrolebindings.{_RBAC}", "ClusterRoleBinding", "v1", "access.objects:BindingObject", "rbac.binding",
         namespaced=False, sent=_ROLE_REF),
    _api(f"clusterroles.{_RBAC}", "ClusterRole", "v1", "access.objects:RoleObject", "rbac.role", namespaced=False,
         sent="rules"),
    _api(f"rolebindings.{_RBAC}", "RoleBinding", "v1", "access.objects:BindingObject", "rbac.binding", "ai.tenant",
         sent=_ROLE_REF),
    _api(f"roles.{_RBAC}", "Role", "v1", "access.objects:RoleObject", "rbac.role", sent="rules"),
    _api("routes.route.openshift.io", "Route", "v1", "routes.gateway_objects:OpenShiftRoute", "network.route",
         optional=True),
    # Those of Istio mean something without a spec: nobody is let in, or everybody.
    _api("authorizationpolicies.security.istio.io", "AuthorizationPolicy", "v1 v1beta1",
         "mesh.objects:AuthorizationPolicy", "network.mesh-policy", "ai.tenant", optional=True, sent=""),
    _api("peerauthentications.security.istio.io", "PeerAuthentication", "v1 v1beta1",
         "mesh.objects:PeerAuthentication", "network.mesh-policy", optional=True, sent=""),
    _api("requestauthentications.security.istio.io", "RequestAuthentication", "v1 v1beta1",
         "mesh.objects:RequestAuthentication", "network.mesh-policy", optional=True, sent=""),
    _api("storageclasses.storage.k8s.io", "StorageClass", "v1", "storage.objects:StorageClass",
         "cluster.storage-class", namespaced=False, sent="provisioner"),
)  # fmt: skip
"""Everything but pods and their owners."""

APIS: tuple[Api, ...] = tuple(sorted((*_WORKLOADS, *_OTHERS), key=lambda api: (api.group, api.kind)))
"""Sorted by group and kind. In files, objects of other versions are read too, where the structs fit."""

OF_FILES: tuple[Api, ...] = (
    _api("configmaps", "ConfigMap", "v1", "platform.device_plugin_objects:ConfigMap", "cluster.device-plugin", sent=""),
    _api("poddefaults.kubeflow.org", "PodDefault", "v1alpha1", "owners.pod_defaults:PodDefault", *_POD_KINDS,
         optional=True),
    _api("clusterpolicies.nvidia.com", "ClusterPolicy", "v1", "platform.device_plugin_objects:OperatorPolicy",
         "cluster.device-plugin", namespaced=False, optional=True),
)  # fmt: skip
"""Read of files only: a server is never asked for values of ConfigMaps, its nodes say themselves how they share, and
its pods have what is added to them."""

BY_ID: Mapping[str, Api] = {api.id: api for api in (*APIS, *OF_FILES)}


@cache
def struct_of(api_id: str) -> type[Struct]:
    """The struct that an object of `api_id` is decoded to; imported when needed."""
    module, name = BY_ID[api_id].decoded.split(":")
    return cast(type[Any], getattr(import_module(f"assay.detectors.cluster.{module}"), name))
